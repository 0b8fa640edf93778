//! What both targets share: an allocator that stops the process when a target holds too much.
//!
//! libFuzzer counts memory with a sanitizer's help, which we have no need of, or by what is
//! resident, which misses memory that was claimed and never touched. So the claims are counted
//! here: a length in a message that is believed before its bytes are there becomes a crash.

use std::alloc::GlobalAlloc;
use std::alloc::Layout;
use std::alloc::System;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;

/// What a target may hold at one time. An input has at most 64 KiB; decompressed and decoded it
/// becomes some megabytes at the worst.
const HELD_BYTES_MAX: usize = 64 << 20;

#[global_allocator]
static ALLOCATOR: Counting = Counting {
    held_bytes: AtomicUsize::new(0),
};

struct Counting {
    held_bytes: AtomicUsize,
}

impl Counting {
    fn claim(&self, bytes: usize) {
        let before = self.held_bytes.fetch_add(bytes, Ordering::Relaxed);
        if before.saturating_add(bytes) > HELD_BYTES_MAX {
            // The message itself may need memory.
            self.held_bytes.store(0, Ordering::Relaxed);
            eprintln!("{before} bytes are held and {bytes} more are wanted: too much");
            std::process::abort();
        }
    }

    fn release(&self, bytes: usize) {
        self.held_bytes.fetch_sub(bytes, Ordering::Relaxed);
    }
}

// SAFETY: every call goes to the system's allocator as it came; counting touches no memory of it.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        self.claim(layout.size());
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        self.claim(layout.size());
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, bytes: usize) -> *mut u8 {
        self.claim(bytes);
        self.release(layout.size());
        unsafe { System.realloc(memory, layout, bytes) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        self.release(layout.size());
        unsafe { System.dealloc(memory, layout) }
    }
}
