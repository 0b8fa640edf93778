//! The gossip of one node: what it says, what it has heard, who it thinks is up.
//!
//! The machine holds no socket, clock or thread. The driver calls [`Gossip::tick`] once an interval
//! and [`Gossip::receive`] for each message and carries out the [`Effect`]s, so the same code runs
//! under tokio and in the simulator. What it decides about one peer:
//!
//! ```text
//!   first news ──▶ Down ──newer heartbeat──▶ ask Echo ──EchoReply of that very life──▶ Up
//!                   ▲                                                                   │
//!                   ├───────────── phi above the threshold, at a tick ──────────────────┤
//!                   ├───────────── it says Shutdown (until its next life) ──────────────┤
//!                   └───────────── it starts a new life (then asked again) ─────────────┘
//! ```
//!
//! Hearing *of* a peer through others is enough to stay up, but not to become up: between the
//! two of us a cable may be cut.
//!
//! # Invariants
//!
//! * **G1** A peer becomes up only by answering an echo, in the life known here, while its silence
//!   is not suspicious and it has not shut down.
//! * **G2** `Up` and `Down` of a peer alternate, starting with `Up`.
//! * **G3** What others say about this node is never believed; only this node changes its own state.
//! * **G4** After a pause of this node itself nobody is convicted for a while.
//! * **G5** A forgotten node's news is ignored until its quarantine ends, so that it does not come
//!   back through somebody who has not forgotten it yet.
//! * **G6** After its shutdown a node says nothing.

use crate::apply;
use crate::apply::News;
use crate::config::Config;
use crate::detector::FailureDetector;
use crate::effect::Effect;
use crate::effect::Verdict;
use crate::exchange;
use crate::exchange::Exchange;
use crate::message::Delta;
use crate::message::GossipDigest;
use crate::message::Message;
use crate::round::Candidates;
use crate::state::ApplicationState;
use crate::state::EndpointState;
use crate::state::Generation;
use crate::state::HeartbeatVersion;
use crate::state::VersionedValue;
use crate::state::WallSeconds;
use quorate_types::Endpoint;
use quorate_types::HostId;
use quorate_types::Monotonic;
use std::collections::BTreeMap;

/// The gossip of one node.
#[derive(Debug, Clone)]
pub struct Gossip {
    config: Config,
    mine: EndpointState,
    peers: BTreeMap<HostId, Peer>,
    /// Until when each forgotten node's news is ignored.
    quarantined: BTreeMap<HostId, Monotonic>,
    now: Monotonic,
    last_tick: Option<Monotonic>,
    /// Until when nobody is convicted.
    lenient_until: Monotonic,
    impostor: Option<Generation>,
    stopped: bool,
}

#[derive(Debug, Clone)]
struct Peer {
    state: EndpointState,
    detector: FailureDetector,
    up: bool,
    since: Monotonic,
}

impl Gossip {
    /// Starts a life of this node: `generation` must be larger than that of every earlier one
    /// ([`Generation::at_start`]), `my_states` is what it says of itself, among it
    /// [`ApplicationState::InternodeAddress`].
    pub fn new(
        config: Config,
        generation: Generation,
        my_states: impl IntoIterator<Item = (ApplicationState, String)>,
    ) -> Self {
        let mut gossip = Self {
            config,
            mine: EndpointState::new(generation),
            peers: BTreeMap::new(),
            quarantined: BTreeMap::new(),
            now: Monotonic::default(),
            last_tick: None,
            lenient_until: Monotonic::default(),
            impostor: None,
            stopped: false,
        };
        for (state, value) in my_states {
            gossip.set(state, value);
        }
        gossip
    }

    /// Says something new of this node. The same again is not news.
    pub fn set(&mut self, state: ApplicationState, value: String) {
        let state = ApplicationState::from_code(state.code());
        if self.mine.value(state) == Some(value.as_str()) {
            return;
        }
        let version = self.mine.version_max().next();
        let fact = VersionedValue { value, version };
        self.mine.states.insert(state, fact);
    }

    /// One round: this node's heart beats, the silent are convicted, and an exchange is opened
    /// with one to three others. To be called once an interval.
    pub fn tick(
        &mut self,
        now: Monotonic,
        _wall: WallSeconds,
        random: &mut dyn FnMut() -> u64,
        seeds: &[Endpoint],
    ) -> Vec<Effect> {
        if self.stopped {
            return Vec::new(); // G6
        }
        self.now = self.now.max(now);
        self.quarantined.retain(|_, until| *until > now);
        self.mine.heartbeat = self.mine.version_max().next();
        let mut effects = self.convict();
        let syn = Message::Syn {
            cluster: self.config.cluster.clone(),
            digests: self.digests(),
        };
        for to in self.candidates(seeds).choose(random) {
            let message = syn.clone();
            effects.push(Effect::Send { to, message });
        }
        effects
    }

    /// Takes a message of a node that is reached at `from` (its internode address, not the port
    /// its connection happens to come from): answers go there.
    pub fn receive(
        &mut self,
        now: Monotonic,
        wall: WallSeconds,
        from: &Endpoint,
        message: Message,
    ) -> Vec<Effect> {
        if self.stopped {
            return Vec::new(); // G6
        }
        self.now = self.now.max(now);
        let mut inbox = Inbox {
            from,
            wall,
            effects: Vec::new(),
        };
        match message {
            Message::Syn { cluster, .. } | Message::Shutdown { cluster, .. }
                if cluster != self.config.cluster =>
            {
                let from = from.clone();
                return vec![Effect::OtherCluster { from, cluster }];
            }
            Message::Syn { digests, .. } => self.on_syn(digests, &mut inbox),
            Message::Ack { wanted, deltas } => {
                self.on_news(deltas, &mut inbox);
                self.on_wanted(&wanted, &mut inbox);
            }
            Message::Ack2 { deltas } => self.on_news(deltas, &mut inbox),
            Message::Echo => inbox.answer(Message::EchoReply {
                host: self.config.me,
                generation: self.mine.generation,
            }),
            Message::EchoReply { host, generation } => {
                self.on_echo_reply(host, generation, &mut inbox);
            }
            Message::Shutdown { delta, .. } => self.on_news(vec![delta], &mut inbox),
        }
        inbox.effects
    }

    /// Drops a node that has left the ring; its news is ignored for [`Config::quarantine`]. No
    /// [`Effect::Down`] follows: who forgets knows.
    pub fn forget(&mut self, host: HostId) {
        if host == self.config.me {
            return;
        }
        self.peers.remove(&host);
        let until = self.now.after(self.config.quarantine);
        self.quarantined.insert(host, until);
    }

    /// Everybody else this node knows.
    pub fn peers(&self) -> impl Iterator<Item = (HostId, &EndpointState, Verdict)> {
        self.peers.iter().map(|(host, peer)| {
            let verdict = Verdict {
                up: peer.up,
                phi: peer.detector.phi(self.now).0,
                since: peer.since,
            };
            (*host, &peer.state, verdict)
        })
    }

    /// What is known of a node, this one included.
    pub fn endpoint(&self, host: HostId) -> Option<&EndpointState> {
        if host == self.config.me {
            return Some(&self.mine);
        }
        self.peers.get(&host).map(|peer| &peer.state)
    }

    /// Whether requests may be sent to the node. This one is up until it shuts down.
    pub fn is_up(&self, host: HostId) -> bool {
        if host == self.config.me {
            return !self.stopped;
        }
        self.peers.get(&host).is_some_and(|peer| peer.up)
    }

    /// Tells every peer that is up that this node stops. Afterwards it says and hears nothing.
    pub fn shut_down(&mut self) -> Vec<Effect> {
        if self.stopped {
            return Vec::new();
        }
        self.set(ApplicationState::Shutdown, "true".to_owned());
        self.stopped = true;
        let delta = exchange::delta_after(self.config.me, &self.mine, HeartbeatVersion::NONE);
        let message = Message::Shutdown {
            cluster: self.config.cluster.clone(),
            delta,
        };
        let up = self.peers.values().filter(|peer| peer.up);
        up.filter_map(|peer| peer.state.internode_address())
            .map(|to| Effect::Send {
                to,
                message: message.clone(),
            })
            .collect()
    }

    fn digests(&self) -> Vec<GossipDigest> {
        let mine = exchange::digest_of(self.config.me, &self.mine);
        let peers = self.peers.iter();
        let peers = peers.map(|(host, peer)| exchange::digest_of(*host, &peer.state));
        std::iter::once(mine).chain(peers).collect()
    }

    fn candidates(&self, seeds: &[Endpoint]) -> Candidates {
        let mine = self.mine.internode_address();
        let not_me = |endpoint: &Endpoint| Some(endpoint) != mine.as_ref();
        let addresses = |up: bool| {
            let peers = self.peers.values().filter(move |peer| peer.up == up);
            let addresses = peers.filter_map(|peer| peer.state.internode_address());
            addresses.filter(not_me).collect()
        };
        Candidates {
            up: addresses(true),
            down: addresses(false),
            seeds: seeds.iter().filter(|seed| not_me(seed)).cloned().collect(),
        }
    }

    /// Peers whose silence has become too suspicious are down from now on.
    fn convict(&mut self) -> Vec<Effect> {
        let pause_max = self.config.local_pause_max;
        let last = self.last_tick.replace(self.now);
        if last.is_some_and(|last| self.now.since(last) > pause_max) {
            self.lenient_until = self.now.after(pause_max);
        }
        if self.now < self.lenient_until {
            return Vec::new(); // G4
        }
        let mut effects = Vec::new();
        for (host, peer) in &mut self.peers {
            let phi = peer.detector.phi(self.now);
            if phi.exceeds(self.config.phi_threshold) {
                effects.extend(peer.take_down(*host, self.now));
            }
        }
        effects
    }

    fn on_syn(&mut self, digests: Vec<GossipDigest>, inbox: &mut Inbox<'_>) {
        let mut wanted = Vec::new();
        let mut deltas = Vec::new();
        // A map, so that a repeated digest is answered once.
        let theirs: BTreeMap<HostId, GossipDigest> =
            digests.into_iter().map(|d| (d.host, d)).collect();
        for (host, digest) in &theirs {
            if self.is_ignored(*host, digest.generation, digest.version_max, inbox) {
                continue;
            }
            match exchange::compare(self.endpoint(*host), *digest) {
                Exchange::Want(more) if *host != self.config.me => wanted.push(more),
                Exchange::Send(delta) => deltas.push(delta),
                Exchange::Want(_) | Exchange::Nothing => {}
            }
        }
        let unmentioned = self.known().filter(|(host, _)| !theirs.contains_key(host));
        deltas.extend(
            unmentioned
                .map(|(host, state)| exchange::delta_after(host, state, HeartbeatVersion::NONE)),
        );
        inbox.answer(Message::Ack { wanted, deltas });
    }

    fn on_wanted(&mut self, wanted: &[GossipDigest], inbox: &mut Inbox<'_>) {
        let wanted: BTreeMap<HostId, GossipDigest> = wanted.iter().map(|d| (d.host, *d)).collect();
        let deltas: Vec<Delta> = wanted
            .into_iter()
            .filter_map(|(host, digest)| exchange::wanted(self.endpoint(host)?, digest))
            .collect();
        if !deltas.is_empty() {
            inbox.answer(Message::Ack2 { deltas });
        }
    }

    fn on_news(&mut self, deltas: Vec<Delta>, inbox: &mut Inbox<'_>) {
        for delta in deltas {
            let version_max = delta.state.version_max();
            let generation = delta.state.generation;
            let ignored = self.is_ignored(delta.host, generation, version_max, inbox);
            if ignored || delta.host == self.config.me {
                continue; // G3
            }
            self.apply(delta, inbox);
        }
    }

    fn apply(&mut self, delta: Delta, inbox: &mut Inbox<'_>) {
        let host = delta.host;
        let (heartbeat, changed) = match self.peers.get_mut(&host) {
            None => {
                let Some(state) = apply::first(delta) else {
                    return;
                };
                let changed = state.states.keys().copied().collect();
                let peer = Peer::new(state, self.now, &self.config);
                self.peers.insert(host, peer);
                (true, changed)
            }
            Some(peer) => match apply::merge(&mut peer.state, delta) {
                News::Nothing => return,
                News::More { heartbeat, changed } => {
                    if heartbeat {
                        peer.detector.heard(self.now);
                    }
                    (heartbeat, changed)
                }
                News::NewLife { changed } => {
                    inbox.effects.extend(peer.take_down(host, self.now));
                    inbox.effects.push(Effect::Restarted(host));
                    // The old life's rhythm says nothing about this one's.
                    peer.detector = FailureDetector::new(self.now, self.config.interval);
                    (true, changed)
                }
            },
        };
        let changed = changed.into_iter();
        let changed = changed.map(|state| Effect::StateChanged(host, state));
        inbox.effects.extend(changed);
        if let Some(peer) = self.peers.get_mut(&host) {
            if peer.state.is_shut_down() {
                inbox.effects.extend(peer.take_down(host, self.now));
            } else if heartbeat && !peer.up {
                inbox.effects.extend(peer.ask_echo());
            }
        }
    }

    fn on_echo_reply(&mut self, host: HostId, generation: Generation, inbox: &mut Inbox<'_>) {
        let Some(peer) = self.peers.get_mut(&host) else {
            return;
        };
        let phi = peer.detector.phi(self.now);
        let right = peer.state.generation == generation
            && !peer.state.is_shut_down()
            && !phi.exceeds(self.config.phi_threshold);
        if right && !peer.up {
            peer.up = true; // G1
            peer.since = self.now;
            inbox.effects.push(Effect::Up(host));
        }
    }

    /// Whether what was said about `host` must not be used: its numbers are impossible, or it is
    /// quarantined (G5). Notices who runs under this node's name, too.
    fn is_ignored(
        &mut self,
        host: HostId,
        generation: Generation,
        version_max: HeartbeatVersion,
        inbox: &mut Inbox<'_>,
    ) -> bool {
        if !generation.is_plausible(inbox.wall) || version_max > HeartbeatVersion::PLAUSIBLE_MAX {
            inbox.effects.push(Effect::Implausible {
                from: inbox.from.clone(),
                host,
                generation,
                version_max,
            });
            return true;
        }
        let ahead_of_me =
            (generation, version_max) > (self.mine.generation, self.mine.version_max());
        if host == self.config.me && ahead_of_me && self.impostor != Some(generation) {
            self.impostor = Some(generation);
            let from = inbox.from.clone();
            inbox.effects.push(Effect::Impostor { from, generation });
        }
        let until = self.quarantined.get(&host);
        until.is_some_and(|until| *until > self.now)
    }

    fn known(&self) -> impl Iterator<Item = (HostId, &EndpointState)> {
        let peers = self.peers.iter().map(|(host, peer)| (*host, &peer.state));
        std::iter::once((self.config.me, &self.mine)).chain(peers)
    }
}

impl Peer {
    fn new(state: EndpointState, now: Monotonic, config: &Config) -> Self {
        Self {
            state,
            detector: FailureDetector::new(now, config.interval),
            up: false,
            since: now,
        }
    }

    /// Down, if it is not (G2).
    fn take_down(&mut self, host: HostId, now: Monotonic) -> Option<Effect> {
        if !self.up {
            return None;
        }
        self.up = false;
        self.since = now;
        Some(Effect::Down(host))
    }

    fn ask_echo(&self) -> Option<Effect> {
        let to = self.state.internode_address()?;
        let message = Message::Echo;
        Some(Effect::Send { to, message })
    }
}

/// One message being taken: who sent it, and what follows.
struct Inbox<'a> {
    from: &'a Endpoint,
    wall: WallSeconds,
    effects: Vec<Effect>,
}

impl Inbox<'_> {
    fn answer(&mut self, message: Message) {
        let to = self.from.clone();
        self.effects.push(Effect::Send { to, message });
    }
}
