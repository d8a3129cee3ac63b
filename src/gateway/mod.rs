//! A simulated IB Gateway on TCP.
