//! The network between nodes: messages take their time, overtake one another, are lost, and some
//! links carry nothing for a while, both ways or one.
//!
//! A call to a process that is gone fails at once, as a refused or reset connection does; one to a
//! paused process, or over a cut link, is not heard of until its time is up. Requests reach a peer at
//! most once; only gossip, which nobody waits for, may arrive twice.

mod weather;

use crate::executor::Executor;
use crate::executor::Group;
use crate::executor::lock;
use crate::planted::PlantedBug;
use crate::rng::Rng;
use crate::trace::hash_bytes;
use crate::world::SimWorld;
use futures_util::future::Either;
use futures_util::future::pending;
use futures_util::future::select;
use quorate_internode::Answered;
use quorate_internode::CallError;
use quorate_internode::Handler;
use quorate_internode::PeerReply;
use quorate_internode::PeerRequest;
use quorate_node::Node;
use quorate_types::Endpoint;
use quorate_types::Epoch;
use quorate_types::HostId;
use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::future::Future;
use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;
use tokio::sync::Notify;
use tokio::sync::oneshot;

pub use weather::Weather;

/// The number of a node in this world.
pub type NodeIndex = usize;

/// The network. A clone is a handle to the same.
#[derive(Clone)]
pub struct Network(Arc<Inner>);

struct Inner {
    executor: Executor,
    planted: Option<PlantedBug>,
    state: Mutex<State>,
}

struct State {
    rng: Rng,
    weather: Weather,
    listeners: BTreeMap<Endpoint, Listener>,
    /// Who does not hear whom: (from, to), and how many reasons there are for it.
    cuts: BTreeMap<(NodeIndex, NodeIndex), u32>,
}

/// A process that takes connections.
#[derive(Clone)]
struct Listener {
    index: NodeIndex,
    group: Group,
    node: Node<SimWorld>,
}

/// Who sends.
#[derive(Debug, Clone)]
pub(crate) struct Sender {
    pub(crate) index: NodeIndex,
    pub(crate) host: HostId,
    /// The life of it that sends.
    pub(crate) group: Group,
    /// Tells when that life ends. (A `watch` channel would wake its waiters in an order of its own.)
    pub(crate) ended: Arc<Notify>,
}

type Reply = oneshot::Sender<Result<Answered, CallError>>;

/// What a message's way through the network is.
enum Way {
    /// Nobody listens there.
    Refused(Duration),
    /// It never arrives, and nobody is told.
    Lost,
    /// The connection breaks under it.
    Reset(Duration),
    /// It arrives; when there is a second time, the connection breaks then, and whatever the peer is
    /// doing with the request ends there.
    Arrives(Duration, Listener, Option<Duration>),
}

/// One request under way.
struct Letter {
    from: Sender,
    epoch: Epoch,
    timeout: Duration,
    request: PeerRequest,
    reply: Option<Reply>,
}

impl Network {
    pub(crate) fn new(executor: Executor, rng: Rng, planted: Option<PlantedBug>) -> Self {
        Self(Arc::new(Inner {
            executor,
            planted,
            state: Mutex::new(State {
                rng,
                weather: Weather::CALM,
                listeners: BTreeMap::new(),
                cuts: BTreeMap::new(),
            }),
        }))
    }

    /// A node begins to take connections.
    pub(crate) fn listen(
        &self,
        address: Endpoint,
        index: NodeIndex,
        group: Group,
        node: Node<SimWorld>,
    ) {
        let listener = Listener { index, group, node };
        let before = lock(&self.0.state).listeners.insert(address, listener);
        drop(before);
    }

    /// A node is gone.
    pub(crate) fn close(&self, index: NodeIndex) {
        let gone: Vec<Listener> = {
            let mut state = lock(&self.0.state);
            let addresses = state.listeners.iter();
            let dead: Vec<Endpoint> = addresses
                .filter(|(_, listener)| listener.index == index)
                .map(|(address, _)| address.clone())
                .collect();
            dead.iter()
                .filter_map(|address| state.listeners.remove(address))
                .collect()
        };
        drop(gone);
    }

    /// From here on nothing of what `from` sends reaches `to`.
    pub fn cut(&self, from: NodeIndex, to: NodeIndex) {
        *lock(&self.0.state).cuts.entry((from, to)).or_default() += 1;
    }

    /// Takes one reason for a cut away.
    pub fn mend(&self, from: NodeIndex, to: NodeIndex) {
        let mut state = lock(&self.0.state);
        if let Some(reasons) = state.cuts.get_mut(&(from, to)) {
            *reasons -= 1;
            if *reasons == 0 {
                state.cuts.remove(&(from, to));
            }
        }
    }

    /// Every link carries everything, as it should.
    pub fn heal(&self) {
        let mut state = lock(&self.0.state);
        state.cuts.clear();
        state.weather = Weather::CALM;
    }

    /// From here on messages fare like this.
    pub fn set_weather(&self, weather: Weather) {
        lock(&self.0.state).weather = weather;
    }

    /// Asks a peer. The request leaves with the call, not with the first poll.
    pub(crate) fn call(
        &self,
        from: &Sender,
        to: &Endpoint,
        epoch: Epoch,
        timeout: Duration,
        request: PeerRequest,
    ) -> impl Future<Output = Result<Answered, CallError>> + Send + use<> {
        let (reply, answered) = oneshot::channel();
        let caller = from.index;
        let letter = Letter {
            from: from.clone(),
            epoch,
            timeout,
            request,
            reply: Some(reply),
        };
        let to_index = self.post(to, letter);
        let timer = self.0.executor.sleep(timeout);
        let network = self.clone();
        async move {
            match select(answered, timer).await {
                Either::Left((Ok(outcome), _)) => outcome,
                Either::Left((Err(_), timer)) => {
                    // The peer died with the request. Only an open link tells so.
                    if to_index.is_some_and(|to| network.is_cut(to, caller)) {
                        timer.await;
                        return Err(CallError::TimedOut);
                    }
                    let delay = network.delay();
                    network.0.executor.sleep(delay).await;
                    Err(CallError::Broken)
                }
                Either::Right(_) => Err(CallError::TimedOut),
            }
        }
    }

    /// Tells a peer something; gossip may arrive twice.
    pub(crate) fn send(&self, from: &Sender, to: &Endpoint, epoch: Epoch, request: &PeerRequest) {
        let is_gossip = matches!(request, PeerRequest::Gossip { .. });
        let twice = is_gossip && {
            let mut state = lock(&self.0.state);
            let chance = state.weather.duplicate_chance;
            state.rng.chance(chance)
        };
        let copies = if twice { 2 } else { 1 };
        for _ in 0..copies {
            let letter = Letter {
                from: from.clone(),
                epoch,
                timeout: Duration::from_secs(10),
                request: request.clone(),
                reply: None,
            };
            self.post(to, letter);
        }
    }

    /// Sends a letter on its way; returns which node it is for, when somebody listens there.
    fn post(&self, to: &Endpoint, letter: Letter) -> Option<NodeIndex> {
        let (way, index) = self.choose_way(letter.from.index, to, &letter.request);
        let (kind, digest) = describe(&letter.request);
        let executor = &self.0.executor;
        let from = letter.from.index;
        match way {
            Way::Refused(delay) => {
                executor.note(format_args!("n{from} -> {to} {kind} refused"));
                self.fail(delay, letter.reply, CallError::Unreachable);
            }
            Way::Reset(delay) => {
                executor.note(format_args!("n{from} -> {to} {kind} reset"));
                self.fail(delay, letter.reply, CallError::Broken);
            }
            Way::Lost => {
                executor.note(format_args!("n{from} -> {to} {kind} lost"));
                // Kept until nobody waits any more: a dropped sender would tell.
                let keep_for = letter.timeout + Duration::from_secs(1);
                executor.after(keep_for, Group::WORLD, move || drop(letter));
            }
            Way::Arrives(delay, listener, breaks_after) => {
                executor.note(format_args!("n{from} -> {to} {kind} {digest:08x}"));
                let network = self.clone();
                executor.after(delay, Group::WORLD, move || {
                    network.deliver(listener, letter, breaks_after);
                });
            }
        }
        index
    }

    fn fail(&self, delay: Duration, reply: Option<Reply>, error: CallError) {
        if let Some(reply) = reply {
            self.0.executor.after(delay, Group::WORLD, move || {
                // The caller may be dead.
                let _ = reply.send(Err(error));
            });
        }
    }

    fn choose_way(
        &self,
        from: NodeIndex,
        to: &Endpoint,
        request: &PeerRequest,
    ) -> (Way, Option<NodeIndex>) {
        let mut state = lock(&self.0.state);
        let state = &mut *state;
        let delay = state.weather.delay(&mut state.rng);
        let Some(listener) = state.listeners.get(to).cloned() else {
            return (Way::Refused(delay), None);
        };
        let index = listener.index;
        let is_cut = |from, to| state.cuts.contains_key(&(from, to));
        let way = if index == from {
            Way::Arrives(Duration::from_micros(10), listener, None)
        } else if is_cut(from, index) {
            Way::Lost
        } else if state.rng.chance(state.weather.loss_chance) {
            if state.rng.chance(0.3) {
                Way::Reset(delay)
            } else {
                Way::Lost
            }
        } else {
            let misled = self.0.planted == Some(PlantedBug::CountReplicaTwice)
                && matches!(request, PeerRequest::Mutate(_))
                && state.rng.chance(0.05);
            let own = state.listeners.values().find(|other| other.index == from);
            if let Some(own) = own.filter(|_| misled) {
                Way::Arrives(delay, own.clone(), None)
            } else {
                let breaks = state.rng.chance(state.weather.loss_chance);
                let breaks_after = breaks.then(|| state.weather.delay(&mut state.rng));
                Way::Arrives(delay, listener, breaks_after)
            }
        };
        (way, Some(index))
    }

    /// A letter is at its peer's door.
    fn deliver(&self, listener: Listener, letter: Letter, breaks_after: Option<Duration>) {
        let Listener { index, group, node } = listener;
        let network = self.clone();
        let cut_off = match breaks_after {
            Some(delay) => Either::Left(self.0.executor.sleep(delay)),
            None => Either::Right(pending()),
        };
        let (executor, caller) = (self.0.executor.clone(), letter.from.group);
        let ended = letter.from.ended.clone();
        let breaks = Box::pin(async move {
            let over = ended.notified();
            if executor.is_alive(caller) {
                select(cut_off, Box::pin(over)).await;
            }
        });
        // A task of a dead life is dropped, and the sender with it: the caller sees a reset.
        self.0.executor.spawn(group, async move {
            let Letter {
                from,
                epoch,
                timeout,
                request,
                reply,
            } = letter;
            let handled = Box::pin(node.handle(from.host, epoch, timeout, request));
            let Either::Left((said, _)) = select(handled, breaks).await else {
                network
                    .0
                    .executor
                    .note(format_args!("n{index} loses n{}", from.index));
                return;
            };
            if let Some(reply) = reply {
                let answered = Answered {
                    epoch: Handler::epoch(&node),
                    reply: said,
                };
                network.answer(index, from.index, answered, reply);
            }
        });
    }

    fn answer(&self, from: NodeIndex, to: NodeIndex, answered: Answered, reply: Reply) {
        let (delay, lost) = {
            let mut state = lock(&self.0.state);
            let state = &mut *state;
            let delay = state.weather.delay(&mut state.rng);
            let loss = state.rng.chance(state.weather.loss_chance);
            let cut = state.cuts.contains_key(&(from, to));
            (delay, from != to && (cut || loss))
        };
        let said = describe_reply(&answered.reply);
        let executor = &self.0.executor;
        if lost {
            executor.note(format_args!("n{from} => n{to} {said} lost"));
            let keep_for = Duration::from_mins(2);
            executor.after(keep_for, Group::WORLD, move || drop(reply));
            return;
        }
        executor.note(format_args!("n{from} => n{to} {said}"));
        executor.after(delay, Group::WORLD, move || {
            // The caller may have given up.
            let _ = reply.send(Ok(answered));
        });
    }

    fn is_cut(&self, from: NodeIndex, to: NodeIndex) -> bool {
        lock(&self.0.state).cuts.contains_key(&(from, to))
    }

    fn delay(&self) -> Duration {
        let mut state = lock(&self.0.state);
        let state = &mut *state;
        state.weather.delay(&mut state.rng)
    }

    /// The links that are cut now.
    pub fn cut_links(&self) -> BTreeSet<(NodeIndex, NodeIndex)> {
        lock(&self.0.state).cuts.keys().copied().collect()
    }
}

/// What a request is, and a number that stands for its content.
fn describe(request: &PeerRequest) -> (&'static str, u64) {
    let of = |bytes: &[u8]| hash_bytes(0, bytes) & 0xffff_ffff;
    match request {
        PeerRequest::Mutate(bytes) => ("mutate", of(bytes)),
        PeerRequest::Hint { mutation, .. } => ("hint", of(mutation)),
        PeerRequest::Read(bytes) => ("read", of(bytes)),
        PeerRequest::ReadDigest(bytes) => ("digest", of(bytes)),
        PeerRequest::Gossip { .. } => ("gossip", 0),
        PeerRequest::Metadata(request) => (metadata_kind(request), 0),
        PeerRequest::MetadataSnapshot => ("snapshot", 0),
        PeerRequest::Truncate { .. } => ("truncate", 0),
    }
}

const fn metadata_kind(request: &quorate_paxos::Request) -> &'static str {
    match request {
        quorate_paxos::Request::Prepare { .. } => "prepare",
        quorate_paxos::Request::Propose { .. } => "propose",
        quorate_paxos::Request::Learn { .. } => "learn",
        quorate_paxos::Request::Fetch { .. } => "fetch",
    }
}

fn describe_reply(reply: &PeerReply) -> String {
    match reply {
        PeerReply::Done => "done".to_owned(),
        PeerReply::Data(bytes) => format!("data {:08x}", hash_bytes(0, bytes) & 0xffff_ffff),
        PeerReply::Digest(digest) => format!("digest {:08x}", digest.0 & 0xffff_ffff),
        PeerReply::Metadata(_) => "metadata".to_owned(),
        PeerReply::MetadataSnapshot(state) => format!("snapshot {}", state.is_some()),
        PeerReply::Failed { reason, .. } => format!("failed {}", reason.name()),
    }
}
