//! When a spare replica is contacted: the policy behind `speculative_retry` and
//! `additional_write_policy`.

use crate::Refused;
use std::time::Duration;

/// When a spare replica is contacted.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum SpeculativeRetryPolicy {
    /// Never.
    Never,
    /// At once.
    Always,
    /// After this percentile (0 to 100) of the table's latency.
    Percentile(f64),
    /// After a fixed time.
    Fixed(Duration),
    /// After the shorter of the two.
    Min {
        /// 0 to 100.
        percentile: f64,
        /// A fixed time.
        fixed: Duration,
    },
    /// After the longer of the two.
    Max {
        /// 0 to 100.
        percentile: f64,
        /// A fixed time.
        fixed: Duration,
    },
}

/// A policy together with its canonical text.
#[derive(Debug, Clone, PartialEq)]
pub struct SpeculativeRetry {
    policy: SpeculativeRetryPolicy,
    text: String,
}

impl Default for SpeculativeRetry {
    fn default() -> Self {
        Self::new(SpeculativeRetryPolicy::Percentile(99.0))
    }
}

impl SpeculativeRetry {
    /// Makes the canonical text.
    pub fn new(policy: SpeculativeRetryPolicy) -> Self {
        let text = match policy {
            SpeculativeRetryPolicy::Never => "NEVER".to_owned(),
            SpeculativeRetryPolicy::Always => "ALWAYS".to_owned(),
            SpeculativeRetryPolicy::Percentile(percentile) => format!("{percentile}p"),
            SpeculativeRetryPolicy::Fixed(fixed) => millis(fixed),
            SpeculativeRetryPolicy::Min { percentile, fixed } => {
                format!("MIN({percentile}p,{})", millis(fixed))
            }
            SpeculativeRetryPolicy::Max { percentile, fixed } => {
                format!("MAX({percentile}p,{})", millis(fixed))
            }
        };
        Self { policy, text }
    }

    /// What to do.
    pub const fn policy(&self) -> SpeculativeRetryPolicy {
        self.policy
    }

    /// As `system_schema.tables` and DESCRIBE show it.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Reads the option's text, upper or lower case.
    pub fn parse(text: &str) -> Result<Self, Refused> {
        let upper = text.trim().to_ascii_uppercase();
        let policy = parse_policy(&upper)
            .ok_or_else(|| Refused::Config(format!("Invalid Speculative Retry Policy [{text}]")))?;
        Ok(Self::new(policy))
    }
}

fn parse_policy(upper: &str) -> Option<SpeculativeRetryPolicy> {
    match upper {
        "NONE" | "NEVER" => return Some(SpeculativeRetryPolicy::Never),
        "ALWAYS" => return Some(SpeculativeRetryPolicy::Always),
        _ => {}
    }
    let inner = |name: &str| upper.strip_prefix(name)?.strip_suffix(')');
    if let Some(pair) = inner("MIN(") {
        let (percentile, fixed) = parse_pair(pair)?;
        return Some(SpeculativeRetryPolicy::Min { percentile, fixed });
    }
    if let Some(pair) = inner("MAX(") {
        let (percentile, fixed) = parse_pair(pair)?;
        return Some(SpeculativeRetryPolicy::Max { percentile, fixed });
    }
    parse_percentile(upper)
        .map(SpeculativeRetryPolicy::Percentile)
        .or_else(|| parse_fixed(upper).map(SpeculativeRetryPolicy::Fixed))
}

/// One percentile and one fixed time, in either order.
fn parse_pair(text: &str) -> Option<(f64, Duration)> {
    let (one, other) = text.split_once(',')?;
    let (one, other) = (one.trim(), other.trim());
    match parse_percentile(one) {
        Some(percentile) => Some((percentile, parse_fixed(other)?)),
        None => Some((parse_percentile(other)?, parse_fixed(one)?)),
    }
}

fn parse_percentile(text: &str) -> Option<f64> {
    let digits = text
        .strip_suffix("PERCENTILE")
        .or_else(|| text.strip_suffix('P'))?;
    let percentile = parse_plain_number(digits)?;
    (0.0..=100.0).contains(&percentile).then_some(percentile)
}

/// Milliseconds with at most three digits after the point, which are microseconds: in integers,
/// so that the canonical text reads back to the same policy.
fn parse_fixed(text: &str) -> Option<Duration> {
    let text = text.strip_suffix("MS")?;
    parse_plain_number(text)?;
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let fraction = format!("{fraction:0<3}");
    let millis: u64 = if whole.is_empty() {
        0
    } else {
        whole.parse().ok()?
    };
    let micros: u64 = fraction.get(..3)?.parse().ok()?;
    Some(Duration::from_micros(
        millis.checked_mul(1000)?.checked_add(micros)?,
    ))
}

fn millis(fixed: Duration) -> String {
    let micros = fixed.as_micros();
    let text = format!("{}.{:03}", micros / 1000, micros % 1000);
    format!("{}ms", text.trim_end_matches('0').trim_end_matches('.'))
}

/// Digits with at most one point: no sign, exponent, infinity or NaN.
fn parse_plain_number(text: &str) -> Option<f64> {
    let is_plain = text
        .bytes()
        .all(|byte| byte.is_ascii_digit() || byte == b'.');
    if is_plain { text.parse().ok() } else { None }
}
