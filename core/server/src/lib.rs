//! Serves one session to its pages
