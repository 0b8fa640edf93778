//! Tasks and time in one thread: which ready task runs next is drawn from the seed, and when none
//! is ready the clock jumps to the next timer.
//!
//! Every task belongs to a [`Group`]: one life of a node, or the world around the nodes. A group that
//! is killed takes its tasks with it, wherever they stand; one that is paused neither runs nor
//! notices, and finds everything that became due when it goes on.
//!
//! # Invariants
//!
//! * **V1** Time passes only when no task is ready.
//! * **V2** No lock is held while foreign code runs: a poll, an action, a drop.

use crate::rng::Rng;
use crate::trace::Trace;
use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::mem;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::task::Context;
use std::task::Poll;
use std::task::Wake;
use std::task::Waker;
use std::time::Duration;

/// Polls in one instant after which the world is taken for stuck.
const POLLS_PER_INSTANT_MAX: u64 = 200_000;

/// Locks; what a panic left behind is reported by the run that panicked, not by the next lock.
pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Tasks that live and die together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Group(u64);

impl Group {
    /// The world around the nodes; it never dies.
    pub const WORLD: Self = Self(0);
}

/// Why a run ended without its result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Stuck {
    /// Nobody waits for anything that can still happen.
    #[error("every task waits, and no timer is set")]
    Deadlock,
    /// Tasks wake one another without time passing.
    #[error("tasks run without end at {0:?}")]
    Livelock(Duration),
    /// The time allowed is over.
    #[error("not done after {0:?} of virtual time")]
    OutOfTime(Duration),
}

type Task = Pin<Box<dyn Future<Output = ()> + Send>>;
type Action = Box<dyn FnOnce() + Send>;
type TaskId = u64;

/// The executor. A clone is a handle to the same.
#[derive(Clone)]
pub struct Executor(Arc<Shared>);

struct Shared {
    core: Mutex<Core>,
    ready: Arc<Mutex<Vec<TaskId>>>,
    trace: Mutex<Trace>,
}

struct Core {
    now_micros: u64,
    sequence: u64,
    timers: BTreeMap<(u64, u64), Timer>,
    tasks: BTreeMap<TaskId, Slot>,
    groups: BTreeMap<Group, GroupState>,
    order: Rng,
}

enum Timer {
    Wake(Waker),
    Run(Group, Action),
}

struct Slot {
    group: Group,
    waker: Arc<TaskWaker>,
    /// `None` while it is being polled.
    task: Option<Task>,
}

#[derive(Default)]
struct GroupState {
    paused: bool,
    held_tasks: Vec<TaskId>,
    held_actions: Vec<Action>,
}

struct TaskWaker {
    id: TaskId,
    queued: AtomicBool,
    ready: Arc<Mutex<Vec<TaskId>>>,
}

impl Wake for TaskWaker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if !self.queued.swap(true, Ordering::Relaxed) {
            lock(&self.ready).push(self.id);
        }
    }
}

impl Core {
    const fn next_sequence(&mut self) -> u64 {
        self.sequence += 1;
        self.sequence
    }
}

impl Executor {
    /// An empty world at time zero.
    pub fn new(order: Rng, trace: Trace) -> Self {
        let groups = BTreeMap::from([(Group::WORLD, GroupState::default())]);
        Self(Arc::new(Shared {
            core: Mutex::new(Core {
                now_micros: 0,
                sequence: 0,
                timers: BTreeMap::new(),
                tasks: BTreeMap::new(),
                groups,
                order,
            }),
            ready: Arc::default(),
            trace: Mutex::new(trace),
        }))
    }

    /// Microseconds since the world began.
    pub fn now_micros(&self) -> u64 {
        lock(&self.0.core).now_micros
    }

    /// Notes an event in the trace.
    pub fn note(&self, event: fmt::Arguments<'_>) {
        let now_micros = self.now_micros();
        lock(&self.0.trace).note(now_micros, event);
    }

    /// The trace's hash, and how many events it has.
    pub fn trace_hash(&self) -> (u64, u64) {
        let trace = lock(&self.0.trace);
        (trace.hash(), trace.events())
    }

    /// A new group, alive.
    pub fn new_group(&self) -> Group {
        let mut core = lock(&self.0.core);
        let group = Group(core.next_sequence());
        core.groups.insert(group, GroupState::default());
        group
    }

    /// Whether a group was not killed.
    pub fn is_alive(&self, group: Group) -> bool {
        lock(&self.0.core).groups.contains_key(&group)
    }

    /// Runs a task beside the others; one for a dead group is dropped.
    pub fn spawn(&self, group: Group, task: impl Future<Output = ()> + Send + 'static) {
        self.spawn_boxed(group, Box::pin(task));
    }

    fn spawn_boxed(&self, group: Group, task: Task) {
        let mut core = lock(&self.0.core);
        if !core.groups.contains_key(&group) {
            drop(core);
            drop(task);
            return;
        }
        let id = core.next_sequence();
        let waker = Arc::new(TaskWaker {
            id,
            queued: AtomicBool::new(false),
            ready: self.0.ready.clone(),
        });
        let slot = Slot {
            group,
            waker: waker.clone(),
            task: Some(task),
        };
        core.tasks.insert(id, slot);
        drop(core);
        waker.wake();
    }

    /// Does something after a while, unless the group is dead by then.
    pub fn after(&self, delay: Duration, group: Group, action: impl FnOnce() + Send + 'static) {
        let mut core = lock(&self.0.core);
        let due = core.now_micros.saturating_add(delay.as_micros() as u64);
        let sequence = core.next_sequence();
        let timer = Timer::Run(group, Box::new(action));
        core.timers.insert((due, sequence), timer);
    }

    /// Waits.
    pub fn sleep(&self, duration: Duration) -> Sleep {
        let now = self.now_micros();
        Sleep {
            executor: self.clone(),
            due: now.saturating_add(duration.as_micros() as u64),
            key: None,
        }
    }

    /// Stops a group's tasks where they stand; what becomes due meanwhile waits.
    pub fn pause(&self, group: Group) {
        if let Some(state) = lock(&self.0.core).groups.get_mut(&group) {
            state.paused = true;
        }
    }

    /// Lets a paused group go on.
    pub fn resume(&self, group: Group) {
        let (tasks, actions) = {
            let mut core = lock(&self.0.core);
            let Some(state) = core.groups.get_mut(&group).filter(|state| state.paused) else {
                return;
            };
            state.paused = false;
            (
                mem::take(&mut state.held_tasks),
                mem::take(&mut state.held_actions),
            )
        };
        lock(&self.0.ready).extend(tasks);
        for action in actions {
            action();
        }
    }

    /// Ends a group and its tasks.
    pub fn kill(&self, group: Group) {
        let dead = {
            let mut core = lock(&self.0.core);
            let state = core.groups.remove(&group);
            let ids: Vec<TaskId> = core
                .tasks
                .iter()
                .filter(|(_, slot)| slot.group == group)
                .map(|(id, _)| *id)
                .collect();
            let tasks: Vec<Option<Slot>> = ids.iter().map(|id| core.tasks.remove(id)).collect();
            (state, tasks)
        };
        drop(dead);
    }

    /// Ends everything, so that handles which tasks hold on one another go too.
    pub fn shut_down(&self) {
        loop {
            let (tasks, timers, groups) = {
                let mut core = lock(&self.0.core);
                (
                    mem::take(&mut core.tasks),
                    mem::take(&mut core.timers),
                    mem::take(&mut core.groups),
                )
            };
            lock(&self.0.ready).clear();
            if tasks.is_empty() && timers.is_empty() && groups.is_empty() {
                return;
            }
            drop((tasks, timers, groups));
        }
    }

    /// Runs the world until `main` completes.
    ///
    /// # Errors
    /// [`Stuck`].
    pub fn run<T: Send + 'static>(
        &self,
        main: impl Future<Output = T> + Send + 'static,
        limit: Duration,
    ) -> Result<T, Stuck> {
        let result = Arc::new(Mutex::new(None));
        let slot = result.clone();
        self.spawn(Group::WORLD, async move {
            let outcome = main.await;
            *lock(&slot) = Some(outcome);
        });
        let mut polls = 0;
        loop {
            if let Some(id) = self.next_ready() {
                polls += 1;
                if polls > POLLS_PER_INSTANT_MAX {
                    let now = Duration::from_micros(self.now_micros());
                    return Err(Stuck::Livelock(now));
                }
                self.poll(id);
                if let Some(outcome) = lock(&result).take() {
                    return Ok(outcome);
                }
            } else {
                polls = 0;
                self.pass_time(limit)?;
            }
        }
    }

    fn next_ready(&self) -> Option<TaskId> {
        let mut ready = lock(&self.0.ready);
        match ready.len() {
            0 => None,
            1 => ready.pop(),
            length => {
                let index = lock(&self.0.core).order.index(length);
                Some(ready.swap_remove(index))
            }
        }
    }

    fn poll(&self, id: TaskId) {
        let (mut task, waker) = {
            let mut core = lock(&self.0.core);
            let core = &mut *core;
            let Some(slot) = core.tasks.get_mut(&id) else {
                return;
            };
            if let Some(group) = core
                .groups
                .get_mut(&slot.group)
                .filter(|group| group.paused)
            {
                group.held_tasks.push(id);
                return;
            }
            slot.waker.queued.store(false, Ordering::Relaxed);
            let Some(task) = slot.task.take() else { return };
            lock(&self.0.trace).mix(core.now_micros.wrapping_mul(31).wrapping_add(id));
            (task, Waker::from(slot.waker.clone()))
        };
        let polled = task.as_mut().poll(&mut Context::from_waker(&waker));
        let mut core = lock(&self.0.core);
        if polled.is_ready() {
            core.tasks.remove(&id);
        } else if let Some(slot) = core.tasks.get_mut(&id) {
            slot.task = Some(task);
            return;
        }
        drop(core);
        drop(task);
    }

    /// Goes to the next timer and fires it.
    fn pass_time(&self, limit: Duration) -> Result<(), Stuck> {
        let mut core = lock(&self.0.core);
        let Some(((due, _), timer)) = core.timers.pop_first() else {
            return Err(Stuck::Deadlock);
        };
        if u128::from(due) > limit.as_micros() {
            return Err(Stuck::OutOfTime(limit));
        }
        core.now_micros = core.now_micros.max(due);
        match timer {
            Timer::Wake(waker) => {
                drop(core);
                waker.wake();
            }
            Timer::Run(group, action) => match core.groups.get_mut(&group) {
                Some(state) if state.paused => state.held_actions.push(action),
                Some(_) => {
                    drop(core);
                    action();
                }
                None => {
                    drop(core);
                    drop(action);
                }
            },
        }
        Ok(())
    }
}

impl fmt::Debug for Executor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Executor(at {} us)", self.now_micros())
    }
}

/// Completes when its time has come.
#[derive(Debug)]
pub struct Sleep {
    executor: Executor,
    due: u64,
    key: Option<(u64, u64)>,
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let executor = self.executor.clone();
        let mut core = lock(&executor.0.core);
        if core.now_micros >= self.due {
            return Poll::Ready(());
        }
        let key = match self.key {
            Some(key) => key,
            None => (self.due, core.next_sequence()),
        };
        self.key = Some(key);
        core.timers
            .insert(key, Timer::Wake(context.waker().clone()));
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        if let Some(key) = self.key {
            let timer = lock(&self.executor.0.core).timers.remove(&key);
            drop(timer);
        }
    }
}

#[cfg(test)]
mod tests;
