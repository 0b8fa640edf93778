//! CPU time and memory as the kernel counts them. Knows nothing of what is measured.

use anyhow::Context;
use std::fs;
use std::time::Duration;

/// The unit of `/proc/<pid>/stat`: the kernel's interface fixes 100 per second on every common
/// architecture.
const TICK: Duration = Duration::from_millis(10);
/// Where user and system time stand in `/proc/<pid>/stat`, counted from after the name.
const USER_FIELD: usize = 11;

/// User and system time of this process, threads that ended included. In steps of 10 ms.
///
/// # Errors
/// When `/proc` cannot be read.
pub fn of_this_process() -> anyhow::Result<Duration> {
    of_stat("/proc/self/stat")
}

/// User and system time of a process, threads that ended included. In steps of 10 ms.
///
/// # Errors
/// When there is no such process.
pub fn of_process(pid: u32) -> anyhow::Result<Duration> {
    of_stat(&format!("/proc/{pid}/stat"))
}

/// Time that this thread ran. The kernel brings it up to date at each of its ticks (1 to 10 ms).
///
/// # Errors
/// When `/proc` cannot be read.
pub fn of_this_thread() -> anyhow::Result<Duration> {
    let path = "/proc/thread-self/schedstat";
    let text = fs::read_to_string(path).with_context(|| format!("{path} cannot be read"))?;
    let nanos = text.split_whitespace().next();
    let nanos = nanos.and_then(|nanos| nanos.parse().ok());
    Ok(Duration::from_nanos(
        nanos.with_context(|| format!("{path} has no time"))?,
    ))
}

/// Memory of a process that lies in RAM.
///
/// # Errors
/// When there is no such process.
pub fn resident_bytes(pid: u32) -> anyhow::Result<u64> {
    let path = format!("/proc/{pid}/status");
    let text = fs::read_to_string(&path).with_context(|| format!("{path} cannot be read"))?;
    parse_resident(&text).with_context(|| format!("{path} has no VmRSS"))
}

fn of_stat(path: &str) -> anyhow::Result<Duration> {
    let text = fs::read_to_string(path).with_context(|| format!("{path} cannot be read"))?;
    parse_stat(&text).with_context(|| format!("{path} has no times"))
}

/// The name may hold anything, so fields are counted from its closing parenthesis.
fn parse_stat(text: &str) -> Option<Duration> {
    let (_, fields) = text.rsplit_once(')')?;
    let mut fields = fields.split_whitespace().skip(USER_FIELD);
    let user: u32 = fields.next()?.parse().ok()?;
    let system: u32 = fields.next()?.parse().ok()?;
    Some(TICK * (user + system))
}

fn parse_resident(text: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes << 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn user_and_system_time_are_added_whatever_the_name() {
        let stat = "12 (a ) name) S 1 12 12 0 -1 0 10 0 0 0 250 50 7 7 20 0 9 0 99 0 0";
        assert_eq!(parse_stat(stat), Some(Duration::from_secs(3)));
    }

    #[test]
    fn resident_memory_is_told_in_bytes() {
        let status = "Name:\tx\nVmRSS:\t    2048 kB\nThreads:\t9\n";
        assert_eq!(parse_resident(status), Some(2 << 20));
    }

    #[test]
    fn work_is_seen_in_the_times() {
        let (process, thread) = (of_this_process().unwrap(), of_this_thread().unwrap());
        let mut hash = 0_u64;
        let begun = std::time::Instant::now();
        while begun.elapsed() < Duration::from_millis(100) {
            hash = std::hint::black_box(hash.wrapping_mul(31).wrapping_add(1));
        }
        assert!(of_this_process().unwrap() > process);
        assert!(of_this_thread().unwrap() > thread);
    }
}
