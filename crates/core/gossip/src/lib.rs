//! Who is alive: heartbeats, endpoint state, phi-accrual failure detector.
