//! Small bars in, closed candles out; each exactly once.
