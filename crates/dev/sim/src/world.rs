//! One life of a node, as its drivers see it: the `World` of the simulator.

use crate::disk::Disk;
use crate::engine::SimEngine;
use crate::executor::Executor;
use crate::executor::Group;
use crate::executor::lock;
use crate::network::Network;
use crate::network::Sender;
use crate::rng::Rng;
use bytes::Bytes;
use quorate_internode::Answered;
use quorate_internode::CallError;
use quorate_internode::PeerRequest;
use quorate_node::World;
use quorate_types::Endpoint;
use quorate_types::Epoch;
use quorate_types::Monotonic;
use std::future::Future;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::AtomicI64;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// What the wall clocks show when a world begins, microseconds since 1970.
pub const WALL_BEGIN_MICROS: i64 = 1_750_000_000_000_000;

/// No wall clock is further from the true time than this.
pub const CLOCK_ERROR_MAX: Duration = Duration::from_millis(100);

/// A node's wall clock: how far off, and how fast it runs away.
#[derive(Debug, Default)]
pub struct WallClock {
    offset_micros: AtomicI64,
    drift_per_million: AtomicI64,
}

impl WallClock {
    /// Sets both; jumps when it was set before.
    pub fn set(&self, offset_micros: i64, drift_per_million: i64) {
        self.offset_micros.store(offset_micros, Ordering::Relaxed);
        self.drift_per_million
            .store(drift_per_million, Ordering::Relaxed);
    }

    /// What it shows at a true time.
    pub fn read(&self, now_micros: u64) -> i64 {
        let now = i64::try_from(now_micros).unwrap_or(i64::MAX);
        let drift = now / 1_000_000 * self.drift_per_million.load(Ordering::Relaxed);
        let most = CLOCK_ERROR_MAX.as_micros() as i64;
        let error = self.offset_micros.load(Ordering::Relaxed) + drift;
        WALL_BEGIN_MICROS + now + error.clamp(-most, most)
    }
}

/// One life of a node. A clone is a handle to the same.
#[derive(Clone)]
pub struct SimWorld(Arc<Life>);

/// What a life is made of.
pub(crate) struct Life {
    pub(crate) executor: Executor,
    pub(crate) group: Group,
    pub(crate) network: Network,
    pub(crate) sender: Sender,
    pub(crate) engine: SimEngine,
    pub(crate) disk: Arc<Mutex<Disk>>,
    pub(crate) clock: Arc<WallClock>,
    pub(crate) began_micros: u64,
    pub(crate) random: Mutex<Rng>,
}

impl SimWorld {
    pub(crate) fn new(life: Life) -> Self {
        Self(Arc::new(life))
    }
}

impl World for SimWorld {
    type Engine = SimEngine;

    fn monotonic(&self) -> Monotonic {
        Monotonic(self.0.executor.now_micros() - self.0.began_micros)
    }

    fn unix_micros(&self) -> i64 {
        self.0.clock.read(self.0.executor.now_micros())
    }

    fn random(&self) -> u64 {
        lock(&self.0.random).draw()
    }

    fn sleep(&self, duration: Duration) -> impl Future<Output = ()> + Send + 'static {
        self.0.executor.sleep(duration)
    }

    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.0.executor.spawn(self.0.group, task);
    }

    fn call(
        &self,
        to: Endpoint,
        epoch: Epoch,
        timeout: Duration,
        request: PeerRequest,
    ) -> impl Future<Output = Result<Answered, CallError>> + Send + 'static {
        let life = &self.0;
        life.network
            .call(&life.sender, &to, epoch, timeout, request)
    }

    fn send(&self, to: &Endpoint, epoch: Epoch, request: PeerRequest) {
        self.0.network.send(&self.0.sender, to, epoch, &request);
    }

    fn engine(&self) -> &SimEngine {
        &self.0.engine
    }

    fn load_blob(&self, name: &str) -> Result<Option<Bytes>, String> {
        Ok(lock(&self.0.disk).blobs.get(name).cloned())
    }

    async fn persist_blob(&self, name: &str, bytes: Bytes) -> Result<(), String> {
        let written = self.0.engine.persist_blob(name, bytes).await;
        written.map_err(|failure| failure.message)
    }
}
