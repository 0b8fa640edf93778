//! What goes wrong, when, and for how long; drawn from a stream of its own.

use crate::cluster::Cluster;
use crate::engine::DiskProfile;
use crate::executor::Group;
use crate::executor::lock;
use crate::network::NodeIndex;
use crate::network::Weather;
use crate::plan::FaultKind;
use crate::rng::Rng;
use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;

/// Lets faults happen until it is told to stop. A clone is a handle to the same.
#[derive(Clone)]
pub struct Nemesis {
    cluster: Cluster,
    stopped: Arc<Mutex<bool>>,
}

/// How to take a fault back.
enum Undo {
    Start(Vec<NodeIndex>),
    Resume(NodeIndex),
    Mend(Vec<(NodeIndex, NodeIndex)>),
    Calm,
    Disk(NodeIndex),
    Nothing,
}

impl Nemesis {
    /// One that waits to be let loose.
    pub fn new(cluster: Cluster) -> Self {
        Self {
            cluster,
            stopped: Arc::default(),
        }
    }

    /// Lets faults happen, one after the other and side by side.
    pub async fn rage(self) {
        let plan = self.cluster.plan();
        let mut rng = Rng::stream(plan.seed, "faults", 0);
        let draw = |rng: &mut Rng, mean: Duration| {
            Duration::from_micros(rng.exponential(mean.as_micros() as f64) as u64)
        };
        loop {
            let pause = draw(&mut rng, plan.fault_interval);
            self.cluster.executor().sleep(pause).await;
            if *lock(&self.stopped) {
                return;
            }
            let Some(kind) = rng.pick(&plan.faults).copied() else {
                return;
            };
            let undo = self.begin(kind, &mut rng);
            let lasts = draw(&mut rng, plan.fault_duration);
            let moves = plan.addresses_change && rng.chance(0.5);
            let nemesis = self.clone();
            self.cluster.executor().spawn(Group::WORLD, async move {
                nemesis.cluster.executor().sleep(lasts).await;
                if !*lock(&nemesis.stopped) {
                    nemesis.take_back(undo, moves);
                }
            });
        }
    }

    fn begin(&self, kind: FaultKind, rng: &mut Rng) -> Undo {
        let cluster = &self.cluster;
        let nodes = cluster.plan().nodes;
        let node = rng.index(nodes);
        let other = (node + 1 + rng.index(nodes - 1)) % nodes;
        let others = || cluster.indices().filter(move |other| *other != node);
        match kind {
            FaultKind::Crash => {
                cluster.crash(node);
                Undo::Start(vec![node])
            }
            FaultKind::CrashAll => {
                let all: Vec<NodeIndex> = cluster.indices().collect();
                for node in &all {
                    cluster.crash(*node);
                }
                Undo::Start(all)
            }
            FaultKind::Pause => {
                cluster.pause(node);
                Undo::Resume(node)
            }
            FaultKind::CutLink => self.cut(vec![(node, other), (other, node)]),
            FaultKind::CutOneWay => self.cut(vec![(node, other)]),
            FaultKind::Isolate => self.cut(
                others()
                    .flat_map(|other| [(node, other), (other, node)])
                    .collect(),
            ),
            FaultKind::IsolateOneWay => {
                let deaf = rng.chance(0.5);
                let link = |other| if deaf { (other, node) } else { (node, other) };
                self.cut(others().map(link).collect())
            }
            FaultKind::Split => {
                let left: Vec<bool> = cluster.indices().map(|_| rng.chance(0.5)).collect();
                let side = |node: NodeIndex| left.get(node).copied();
                let every = cluster
                    .indices()
                    .flat_map(|from| cluster.indices().map(move |to| (from, to)));
                self.cut(
                    every
                        .filter(|(from, to)| side(*from) != side(*to))
                        .collect(),
                )
            }
            FaultKind::Weather => {
                let weather = Weather::stormy(rng);
                cluster.executor().note(format_args!("{weather:?}"));
                cluster.network().set_weather(weather);
                Undo::Calm
            }
            FaultKind::ClockJump => {
                let offset = rng.between(0, 180_000) as i64 - 90_000;
                let drift = rng.between(0, 200) as i64 - 100;
                cluster
                    .executor()
                    .note(format_args!("n{node} clock off by {offset} us"));
                cluster.set_clock(node, offset, drift);
                Undo::Nothing
            }
            FaultKind::SlowDisk => {
                let slowness = rng.log_uniform(3.0, 200.0);
                cluster
                    .executor()
                    .note(format_args!("n{node} disk {slowness:.0} times slower"));
                let profile = DiskProfile {
                    slowness,
                    ..cluster.plan().disk
                };
                cluster.set_disk_profile(node, profile);
                Undo::Disk(node)
            }
            FaultKind::FullDisk => {
                cluster
                    .executor()
                    .note(format_args!("n{node} disk is full"));
                let profile = DiskProfile {
                    is_full: true,
                    ..cluster.plan().disk
                };
                cluster.set_disk_profile(node, profile);
                Undo::Disk(node)
            }
        }
    }

    fn cut(&self, links: Vec<(NodeIndex, NodeIndex)>) -> Undo {
        self.cluster.executor().note(format_args!("cut {links:?}"));
        for (from, to) in &links {
            self.cluster.network().cut(*from, *to);
        }
        Undo::Mend(links)
    }

    fn take_back(&self, undo: Undo, moves: bool) {
        let cluster = &self.cluster;
        match undo {
            Undo::Start(nodes) => {
                for node in nodes {
                    // Seeds stay where they are, so that nobody is lost for good.
                    cluster.start(node, moves && node >= 2);
                }
            }
            Undo::Resume(node) => cluster.resume(node),
            Undo::Mend(links) => {
                cluster.executor().note(format_args!("mend {links:?}"));
                for (from, to) in links {
                    cluster.network().mend(from, to);
                }
            }
            Undo::Calm => cluster.network().set_weather(Weather::CALM),
            Undo::Disk(node) => cluster.set_disk_profile(node, cluster.plan().disk),
            Undo::Nothing => {}
        }
    }

    /// No more faults; those that are there are taken back.
    pub fn heal(&self) {
        *lock(&self.stopped) = true;
        let cluster = &self.cluster;
        cluster.executor().note(format_args!("heal"));
        cluster.network().heal();
        for node in cluster.indices() {
            cluster.set_disk_profile(node, DiskProfile::CALM);
            cluster.resume(node);
            cluster.start(node, false);
        }
    }
}
