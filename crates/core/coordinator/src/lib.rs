//! One request, one machine: writes, reads, hints, receipts.
