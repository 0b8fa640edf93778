//! How many bytes of requests are in progress: on one connection, and on all of them.
//!
//! A connection over its own limit, or one of many when all together are over theirs, is not read
//! until some of its requests are answered: the client's own send buffer fills. One request is
//! always let in, so that none waits for ever. A client that asked for it (`THROW_ON_OVERLOAD`) is
//! told instead.
//!
//! # Invariants
//!
//! * **B1** What was taken is given back when the request ends, however it ends.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;

/// Bytes in progress on all connections.
#[derive(Debug, Default)]
pub(crate) struct Budget {
    used: AtomicUsize,
}

/// The bytes of one request, given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Taken {
    all: Arc<Budget>,
    own: Arc<Budget>,
    bytes: usize,
}

impl Budget {
    pub(crate) fn used(&self) -> usize {
        self.used.load(Ordering::Relaxed)
    }

    /// Takes the bytes of a request from a connection's budget and from that of all.
    pub(crate) fn take(all: &Arc<Self>, own: &Arc<Self>, bytes: usize) -> Taken {
        all.used.fetch_add(bytes, Ordering::Relaxed);
        own.used.fetch_add(bytes, Ordering::Relaxed);
        Taken {
            all: Arc::clone(all),
            own: Arc::clone(own),
            bytes,
        }
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        self.all.used.fetch_sub(self.bytes, Ordering::Relaxed);
        self.own.used.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_taken_is_given_back() {
        let (all, own, other) = (Arc::default(), Arc::default(), Arc::default());
        let first = Budget::take(&all, &own, 10);
        let second = Budget::take(&all, &other, 5);
        assert_eq!((all.used(), own.used(), other.used()), (15, 10, 5));
        drop(first);
        drop(second);
        assert_eq!((all.used(), own.used(), other.used()), (0, 0, 0));
    }
}
