//! The order manager: Interactive Brokers through ibapi.
