//! What happened, as one number: a rolling hash over (time, event). Two runs of one seed that differ
//! anywhere end with different hashes.

use std::fmt;
use std::fmt::Write as _;

/// Where the lines of a trace go.
pub type TraceSink = Box<dyn FnMut(&str) + Send>;

/// The rolling hash, and the lines when somebody wants them.
#[derive(Default)]
pub struct Trace {
    hash: u64,
    events: u64,
    sink: Option<TraceSink>,
}

impl fmt::Debug for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Trace({:016x})", self.hash)
    }
}

impl Trace {
    /// An empty trace.
    pub fn new(sink: Option<TraceSink>) -> Self {
        Self {
            hash: 0xcbf2_9ce4_8422_2325,
            events: 0,
            sink,
        }
    }

    /// The hash of everything so far.
    pub const fn hash(&self) -> u64 {
        self.hash
    }

    /// Events so far, silent ones left out.
    pub const fn events(&self) -> u64 {
        self.events
    }

    /// Notes an event.
    pub fn note(&mut self, now_micros: u64, event: fmt::Arguments<'_>) {
        self.events += 1;
        self.mix(now_micros);
        if let Some(sink) = &mut self.sink {
            let line = event.to_string();
            sink(&format!(
                "{:>4}.{:06} {line}",
                now_micros / 1_000_000,
                now_micros % 1_000_000
            ));
            // The hash is the same with and without a sink.
            let _ = Hashed(&mut self.hash).write_str(&line);
        } else {
            let _ = Hashed(&mut self.hash).write_fmt(event);
        }
    }

    /// Notes a number without a line for it.
    pub const fn mix(&mut self, number: u64) {
        self.hash = (self.hash ^ number).wrapping_mul(0x0000_0100_0000_01b3);
        self.hash ^= self.hash >> 29;
    }
}

/// FNV-1a over what is written.
struct Hashed<'a>(&'a mut u64);

impl fmt::Write for Hashed<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        *self.0 = hash_bytes(*self.0, text.as_bytes());
        Ok(())
    }
}

/// FNV-1a, going on from `hash`.
pub fn hash_bytes(mut hash: u64, bytes: &[u8]) -> u64 {
    for byte in bytes {
        hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
    }
    hash
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash_of(events: &[(u64, &str)], sink: Option<TraceSink>) -> u64 {
        let mut trace = Trace::new(sink);
        for (now, event) in events {
            trace.note(*now, format_args!("{event}"));
        }
        trace.hash()
    }

    #[test]
    fn the_hash_knows_time_text_and_order_but_not_who_listens() {
        let base = hash_of(&[(1, "a"), (2, "b")], None);
        assert_eq!(base, hash_of(&[(1, "a"), (2, "b")], Some(Box::new(|_| {}))));
        assert_ne!(base, hash_of(&[(2, "b"), (1, "a")], None));
        assert_ne!(base, hash_of(&[(1, "a"), (3, "b")], None));
        assert_ne!(base, hash_of(&[(1, "a"), (2, "c")], None));
    }
}
