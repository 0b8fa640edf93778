//! Drives the machines: the write path, the read path, background services.
