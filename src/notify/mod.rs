//! Discord: what people are told, delivered without trading ever waiting for it.
