//! Learns from answers and scores the pool
