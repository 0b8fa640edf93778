//! Time, order and death of tasks in the seeded executor.

use super::*;

fn world(seed: u64) -> Executor {
    Executor::new(Rng::stream(seed, "order", 0), Trace::new(None))
}

const LIMIT: Duration = Duration::from_mins(1);
const SECOND: Duration = Duration::from_secs(1);

#[test]
fn time_jumps_to_the_next_timer() {
    let executor = world(1);
    let inside = executor.clone();
    let done = executor.run(
        async move {
            inside.sleep(SECOND * 3).await;
            inside.now_micros()
        },
        LIMIT,
    );
    assert_eq!(done, Ok(3_000_000));
}

#[test]
fn the_order_of_ready_tasks_comes_from_the_seed() {
    let order_of = |seed| {
        let executor = world(seed);
        let order = Arc::new(Mutex::new(Vec::new()));
        for number in 0..8 {
            let order = order.clone();
            executor.spawn(Group::WORLD, async move { lock(&order).push(number) });
        }
        let inside = executor.clone();
        executor
            .run(async move { inside.sleep(SECOND).await }, LIMIT)
            .unwrap();
        let order = lock(&order).clone();
        (order, executor.trace_hash())
    };
    assert_eq!(order_of(1), order_of(1));
    assert_ne!(order_of(1).0, order_of(2).0);
}

#[test]
fn a_killed_group_ends_where_it_stands_and_takes_no_new_tasks() {
    let executor = world(1);
    let group = executor.new_group();
    let ran = Arc::new(AtomicBool::new(false));
    let late = || {
        let (executor, ran) = (executor.clone(), ran.clone());
        async move {
            executor.sleep(SECOND).await;
            ran.store(true, Ordering::Relaxed);
        }
    };
    executor.spawn(group, late());
    let flag = ran.clone();
    executor.after(SECOND, group, move || flag.store(true, Ordering::Relaxed));
    let (inside, again) = (executor.clone(), late());
    executor
        .run(
            async move {
                inside.sleep(SECOND / 2).await;
                inside.kill(group);
                inside.spawn(group, again);
                inside.sleep(SECOND * 2).await;
            },
            LIMIT,
        )
        .unwrap();
    assert!(!ran.load(Ordering::Relaxed));
}

#[test]
fn a_paused_group_finds_what_became_due_when_it_goes_on() {
    let executor = world(1);
    let group = executor.new_group();
    let woke = Arc::new(Mutex::new(Vec::new()));
    let (inside, log) = (executor.clone(), woke.clone());
    executor.spawn(group, async move {
        inside.sleep(SECOND).await;
        lock(&log).push(inside.now_micros());
    });
    let (inside, log) = (executor.clone(), woke.clone());
    executor.after(SECOND, group, move || lock(&log).push(inside.now_micros()));
    let inside = executor.clone();
    executor
        .run(
            async move {
                inside.pause(group);
                inside.sleep(SECOND * 5).await;
                inside.resume(group);
                inside.sleep(SECOND).await;
            },
            LIMIT,
        )
        .unwrap();
    assert_eq!(*lock(&woke), vec![5_000_000, 5_000_000]);
}

#[test]
fn worlds_that_cannot_go_on_say_so() {
    assert_eq!(
        world(1).run(std::future::pending::<()>(), LIMIT),
        Err(Stuck::Deadlock)
    );
    let executor = world(1);
    let inside = executor.clone();
    let endless = async move {
        loop {
            inside.sleep(SECOND).await;
        }
    };
    assert_eq!(
        executor.run::<()>(endless, LIMIT),
        Err(Stuck::OutOfTime(LIMIT))
    );
    let spinning = std::future::poll_fn(|context: &mut Context<'_>| {
        context.waker().wake_by_ref();
        Poll::<()>::Pending
    });
    assert_eq!(
        world(1).run(spinning, LIMIT),
        Err(Stuck::Livelock(Duration::ZERO))
    );
}
