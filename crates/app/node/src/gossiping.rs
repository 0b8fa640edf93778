//! The gossip's driver: a round each interval, and messages as they come.

use crate::Node;
use crate::World;
use quorate_gossip::ApplicationState;
use quorate_gossip::Effect;
use quorate_gossip::Message;
use quorate_gossip::WallSeconds;
use quorate_internode::PeerRequest;
use quorate_types::Endpoint;
use quorate_types::Epoch;
use quorate_types::HostId;
use quorate_types::WriteTimestamp;
use std::time::Duration;

/// A peer's clock is followed when it is ahead by no more than this.
const CLOCK_TRUSTED: Duration = Duration::from_millis(500);

/// Between two rounds while a node that starts looks for its peers.
const SETTLE_ROUND: Duration = Duration::from_millis(50);

impl<W: World> Node<W> {
    /// A round each interval, for ever.
    pub(crate) async fn gossip_rounds(self) {
        loop {
            self.gossip_round();
            self.world().sleep(self.config().gossip_interval).await;
        }
    }

    /// Gossips until every node that the metadata knows is up, so that a node that serves its first
    /// request knows whom to ask; nodes that are really down are waited for only so long.
    pub(crate) async fn settle_gossip(&self) {
        let ends = self
            .now()
            .after(SETTLE_ROUND * 10 + self.config().gossip_interval * 2);
        while self.now() < ends {
            let metadata = self.current_metadata();
            if metadata
                .present_nodes()
                .all(|node| self.is_peer_up(node.host_id))
            {
                return;
            }
            self.gossip_round();
            self.world().sleep(SETTLE_ROUND).await;
        }
    }

    /// Whom to ask when nobody is known to be up: after a restart the nodes that the metadata names,
    /// since this node may be its own only seed.
    fn gossip_seeds(&self) -> Vec<Endpoint> {
        let mut seeds = self.config().seeds.clone();
        if !self.gossip().peers().any(|(_, _, verdict)| verdict.up) {
            let metadata = self.current_metadata();
            let others = metadata
                .present_nodes()
                .filter(|node| node.host_id != self.me());
            seeds.extend(others.map(|node| node.internode.clone()));
        }
        seeds
    }

    fn gossip_round(&self) {
        let (now, wall) = (self.now(), WallSeconds(self.unix_millis() / 1_000));
        let seeds = self.gossip_seeds();
        let effects = {
            let mut gossip = self.gossip();
            gossip.set(
                ApplicationState::ClockMicros,
                self.world().unix_micros().to_string(),
            );
            gossip.tick(now, wall, &mut || self.world().random(), &seeds)
        };
        self.carry_out_gossip(effects);
    }

    /// A message came from the peer that is reached at `from`.
    pub(crate) fn gossip_heard(&self, from: &Endpoint, message: Message) {
        let (now, wall) = (self.now(), WallSeconds(self.unix_millis() / 1_000));
        let effects = self.gossip().receive(now, wall, from, message);
        self.carry_out_gossip(effects);
    }

    /// Tells the peers that this node stops.
    pub(crate) fn gossip_shutdown(&self) {
        let effects = self.gossip().shut_down();
        self.carry_out_gossip(effects);
    }

    fn carry_out_gossip(&self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Send { to, message } => {
                    let from = self.identity().internode.clone();
                    self.world()
                        .send(&to, self.epoch(), PeerRequest::Gossip { from, message });
                }
                Effect::Up(host) | Effect::Down(host) => self.peer_verdict(host),
                Effect::Restarted(host) => tracing::debug!(%host, "a peer has restarted"),
                Effect::StateChanged(host, state) => self.peer_says(host, state),
                Effect::Impostor { from, generation } => {
                    tracing::error!(%from, %generation, "another process runs with this node's host id; stop one of them");
                }
                Effect::OtherCluster { from, cluster } => {
                    tracing::warn!(%from, cluster, "a node of another cluster calls");
                }
                Effect::Implausible {
                    from,
                    host,
                    generation,
                    version_max,
                } => {
                    tracing::warn!(%from, %host, %generation, %version_max, "impossible gossip was thrown away");
                }
            }
        }
    }

    /// Takes over what gossip thinks of a peer now. Two threads may carry out effects side by side,
    /// so the verdict is read anew, under the gossip's lock.
    fn peer_verdict(&self, host: HostId) {
        let (news, up) = {
            let gossip = self.gossip();
            let up = gossip.is_up(host);
            (self.inner().liveness.set(host, up, self.now()), up)
        };
        if !news {
            return;
        }
        if up {
            tracing::info!(%host, "peer is up");
            self.inner().hints.dispatch_soon();
        } else {
            tracing::warn!(%host, "peer is down");
        }
        self.notify_change();
    }

    fn peer_says(&self, host: HostId, state: ApplicationState) {
        let value = self
            .gossip()
            .endpoint(host)
            .and_then(|endpoint| endpoint.value(state).map(str::to_owned));
        let Some(value) = value else { return };
        match state {
            ApplicationState::Epoch => {
                if let Ok(epoch) = value.parse() {
                    self.heard_of_epoch(host, Epoch(epoch));
                }
            }
            ApplicationState::ClockMicros => {
                if let Ok(micros) = value.parse() {
                    let trusted = CLOCK_TRUSTED.as_micros() as i64;
                    let theirs = WriteTimestamp::saturating(micros);
                    self.inner()
                        .clock
                        .observe(theirs, self.world().unix_micros(), trusted);
                }
            }
            ApplicationState::Ready | ApplicationState::Draining => self.notify_change(),
            ApplicationState::InternodeAddress
            | ApplicationState::ClientAddress
            | ApplicationState::GrpcAddress
            | ApplicationState::Datacenter
            | ApplicationState::Rack
            | ApplicationState::Load
            | ApplicationState::Build
            | ApplicationState::Shutdown
            | ApplicationState::Other(_) => {}
        }
    }
}
