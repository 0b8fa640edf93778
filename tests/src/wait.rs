//! Waiting for something to become true.

use anyhow::Context;
use std::time::Duration;
use std::time::Instant;

/// Between two looks.
const PAUSE: Duration = Duration::from_millis(40);

/// Asks `check` again and again until it succeeds.
///
/// # Errors
/// The last refusal of `check`, when `within` has passed or one look took longer than that.
pub async fn until<T>(
    what: &str,
    within: Duration,
    mut check: impl AsyncFnMut() -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    let started = Instant::now();
    let mut last = anyhow::anyhow!("the first look did not end");
    loop {
        let left = within.saturating_sub(started.elapsed());
        if left.is_zero() {
            return Err(last).with_context(|| format!("not within {within:?}: {what}"));
        }
        match tokio::time::timeout(left, check()).await {
            Ok(Ok(value)) => return Ok(value),
            Ok(Err(error)) => last = error,
            Err(_) => return Err(last).with_context(|| format!("not within {within:?}: {what}")),
        }
        tokio::time::sleep(PAUSE).await;
    }
}
