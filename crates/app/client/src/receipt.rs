//! What a request was and what it delivered, as the server tells it.

use quorate_types::ConsistencyLevel;
use quorate_types::HostId;
use std::fmt;

/// One request's receipt.
///
/// ```no_run
/// # async fn run(client: quorate_client::Client) -> Result<(), quorate_client::ClientError> {
/// use quorate_client::{Query, RequestOptions};
///
/// let options = RequestOptions { receipt: true, ..Default::default() };
/// let query = Query::new("SELECT * FROM shop.carts WHERE user = 'ada'").options(options);
/// if let Some(receipt) = client.query(query).await?.receipt {
///     eprintln!("{receipt}");
///     assert!(receipt.answered >= receipt.block_for);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Receipt {
    /// The metadata's epoch that the request was planned by.
    pub epoch: u64,
    /// The level that was asked for; `None` if the server named none.
    pub consistency: Option<ConsistencyLevel>,
    /// How many replicas the partition has.
    pub replication_factor: u32,
    /// How many answers were waited for.
    pub block_for: u32,
    /// How many came.
    pub answered: u32,
    /// The replicas, in the order in which they were chosen.
    pub replicas: Vec<ReplicaReceipt>,
    /// What comparing the answers gave; empty for writes.
    pub digests: String,
    /// The write timestamp in microseconds; `None` for reads.
    pub timestamp: Option<i64>,
    /// In one sentence, what the client may rely on.
    pub guarantee: String,
    /// The steps that were done, each with the time since the request's start.
    pub steps: Vec<StepReceipt>,
    /// How many reads (token ranges, pages) this sums up; the replicas are those of the first.
    pub reads: u32,
}

/// One replica's part in a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplicaReceipt {
    /// Who it is.
    pub host_id: HostId,
    /// Where it was reached.
    pub address: String,
    /// Its datacenter.
    pub datacenter: String,
    /// Whether it was asked.
    pub asked: bool,
    /// Whether it was thought alive.
    pub alive: bool,
    /// `acknowledged`, `data`, `digest`, `hinted`, `failed: …`; empty when it was not asked.
    pub answer: String,
    /// Microseconds from the request's start to its answer.
    pub micros: u64,
}

/// One step of a request (W1 to W8, R1 to R8).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepReceipt {
    /// Its name.
    pub name: String,
    /// Microseconds from the request's start to its end.
    pub micros: u64,
}

/// A readable block of lines, without a line break at its end.
impl fmt::Display for Receipt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let level = self.consistency.map_or("default", ConsistencyLevel::name);
        write!(
            f,
            "consistency  {level}: {} of {} answers, replication factor {}, epoch {}",
            self.answered, self.block_for, self.replication_factor, self.epoch
        )?;
        if self.reads > 1 {
            write!(f, "\nreads        {} (replicas of the first)", self.reads)?;
        }
        self.write_replicas(f)?;
        if !self.digests.is_empty() {
            write!(f, "\ndigests      {}", self.digests)?;
        }
        if let Some(timestamp) = self.timestamp {
            write!(f, "\ntimestamp    {timestamp}")?;
        }
        if !self.steps.is_empty() {
            let steps = self.steps.iter();
            let steps: Vec<String> = steps
                .map(|step| format!("{} {}", step.name, Micros(step.micros)))
                .collect();
            write!(f, "\nsteps        {}", steps.join(" · "))?;
        }
        write!(f, "\nguarantee    {}", self.guarantee)
    }
}

impl Receipt {
    fn write_replicas(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = |text: fn(&ReplicaReceipt) -> &str| {
            let widths = self.replicas.iter().map(|replica| text(replica).len());
            widths.max().unwrap_or(0)
        };
        let (addresses, datacenters) = (width(|r| &r.address), width(|r| &r.datacenter));
        for (index, replica) in self.replicas.iter().enumerate() {
            let label = if index == 0 { "replicas" } else { "" };
            let answer = match (replica.answer.as_str(), replica.asked, replica.alive) {
                ("", true, _) => "no answer",
                ("", false, true) => "not asked",
                ("", false, false) => "down",
                (answer, _, _) => answer,
            };
            write!(
                f,
                "\n{label:<12} {:<addresses$}  {:<datacenters$}  {answer}",
                replica.address, replica.datacenter
            )?;
            if replica.micros > 0 {
                write!(f, " after {}", Micros(replica.micros))?;
            }
        }
        Ok(())
    }
}

/// Microseconds in the unit that reads best.
struct Micros(u64);

impl fmt::Display for Micros {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            micros @ ..1_000 => write!(f, "{micros} µs"),
            micros @ ..1_000_000 => write!(f, "{}.{:02} ms", micros / 1_000, micros % 1_000 / 10),
            micros => write!(
                f,
                "{}.{:02} s",
                micros / 1_000_000,
                micros % 1_000_000 / 10_000
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn a_receipt_reads_as_a_block() {
        let replica = |n: u8, asked, answer: &str, micros| ReplicaReceipt {
            host_id: HostId(Uuid::from_u128(n.into())),
            address: format!("127.0.0.{n}:7000"),
            datacenter: "dc1".to_owned(),
            asked,
            alive: n != 3,
            answer: answer.to_owned(),
            micros,
        };
        let receipt = Receipt {
            epoch: 12,
            consistency: Some(ConsistencyLevel::Quorum),
            replication_factor: 3,
            block_for: 2,
            answered: 2,
            replicas: vec![
                replica(1, true, "data", 310),
                replica(2, true, "digest", 1_420),
                replica(3, false, "", 0),
            ],
            digests: "agreed".to_owned(),
            timestamp: None,
            guarantee: "every write acknowledged at QUORUM is seen".to_owned(),
            steps: vec![StepReceipt {
                name: "R8".to_owned(),
                micros: 2_500_000,
            }],
            reads: 1,
        };
        assert_eq!(
            receipt.to_string(),
            "\
consistency  QUORUM: 2 of 2 answers, replication factor 3, epoch 12
replicas     127.0.0.1:7000  dc1  data after 310 µs
             127.0.0.2:7000  dc1  digest after 1.42 ms
             127.0.0.3:7000  dc1  down
digests      agreed
steps        R8 2.50 s
guarantee    every write acknowledged at QUORUM is seen"
        );
    }
}
