//! Loopback addresses that no other cluster of this machine has.

use anyhow::Context;
use std::net::TcpListener;
use std::sync::atomic::AtomicU8;
use std::sync::atomic::Ordering;

/// The port for other nodes; every node has an address of its own.
pub(crate) const INTERNODE_PORT: u16 = 7000;
/// The port for clients.
pub(crate) const CLIENT_PORT: u16 = 9160;
/// The first of the networks; those below are for people (`quorate dev` uses 127.0.0).
const FIRST: u8 = 16;
/// How many networks there are.
const COUNT: u8 = 230;

/// Nodes whose addresses must be free.
const FIRST_NODES: u8 = 4;

/// Spreads the clusters of one process.
static TURN: AtomicU8 = AtomicU8::new(0);

/// The addresses 127.0.X.1 to 127.0.X.253, held as long as this lives.
#[derive(Debug)]
pub(crate) struct Network {
    third: u8,
    /// Bound on 127.0.X.254: who has it, has the network.
    _claim: TcpListener,
}

impl Network {
    pub(crate) fn claim() -> anyhow::Result<Self> {
        let from =
            u64::from(std::process::id()) * 7 + u64::from(TURN.fetch_add(1, Ordering::Relaxed));
        let candidates = (0..COUNT).map(|step| {
            let offset = (from + u64::from(step)) % u64::from(COUNT);
            FIRST + u8::try_from(offset).unwrap_or(0)
        });
        let mut last = None;
        for third in candidates {
            match claim(third) {
                Ok(claim) => {
                    return Ok(Self {
                        third,
                        _claim: claim,
                    });
                }
                Err(error) => last = Some(error),
            }
        }
        Err(last.context("no network was tried")?).context("no loopback network is free")
    }

    /// The host with this number.
    pub(crate) fn host(&self, number: u8) -> String {
        format!("127.0.{}.{number}", self.third)
    }
}

/// Takes a network in which nobody listens either.
fn claim(third: u8) -> std::io::Result<TcpListener> {
    let claim = TcpListener::bind((format!("127.0.{third}.254"), INTERNODE_PORT))?;
    for number in 1..=FIRST_NODES {
        for port in [INTERNODE_PORT, CLIENT_PORT] {
            TcpListener::bind((format!("127.0.{third}.{number}"), port))?;
        }
    }
    Ok(claim)
}
