//! Workers with real threads. Nothing here asserts a time: it waits for what must happen.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that goes astray should panic"
)]

use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use super::{Job, Task, Workers};

/// What a broken crew is given before the test fails.
const GENEROUS: Duration = Duration::from_secs(60);
/// So long that no thread ends for idleness within a test.
const HOURS: Duration = Duration::from_secs(36_000);

fn wait_for(what: &str, mut holds: impl FnMut() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < GENEROUS, "waited in vain for {what}");
        std::thread::yield_now();
    }
}

/// A job that says that it began and waits until it is let go.
fn blocking(began: &Sender<()>) -> (Job, Sender<()>) {
    let (go, gate) = channel::<()>();
    let began = began.clone();
    let job = move || {
        began.send(()).unwrap();
        let _ = gate.recv();
    };
    (Box::new(job), go)
}

fn saying(what: u32, said: &Sender<u32>) -> Job {
    let said = said.clone();
    Box::new(move || said.send(what).unwrap())
}

fn submit(workers: &Workers, task: Task, job: Job) {
    assert!(workers.submit(task, job).is_ok());
}

fn next<T>(said: &Receiver<T>) -> T {
    said.recv_timeout(GENEROUS).expect("a job was not run")
}

#[test]
fn calls_that_hang_are_counted_and_leave_a_thread_for_own_work() {
    let workers = Workers::new(3, 2, HOURS);
    let (began, begun) = channel();
    let mut gates = [(); 2]
        .map(|()| {
            let (job, go) = blocking(&began);
            submit(&workers, Task::Theirs, job);
            next(&begun);
            go
        })
        .into_iter();
    let (say, said) = channel();
    submit(&workers, Task::Theirs, saying(1, &say));
    submit(&workers, Task::Theirs, saying(2, &say));
    assert!(
        workers.submit(Task::Theirs, saying(3, &say)).is_err(),
        "the queue is full"
    );
    submit(&workers, Task::Own, saying(10, &say));
    assert_eq!(next(&said), 10);
    assert_eq!(workers.look(|state| (state.threads, state.blocked)), (3, 2));
    // One call returns, the other goes on hanging: the queue has one thread, and so an order that can be seen.
    drop(gates.next());
    assert_eq!([next(&said), next(&said)], [1, 2]);
}

#[test]
fn a_job_that_panics_costs_nobody_a_thread() {
    let workers = Workers::new(2, 8, HOURS);
    let (say, said) = channel();
    for round in 0..4 {
        submit(
            &workers,
            Task::Theirs,
            Box::new(|| std::panic::panic_any(1)),
        );
        submit(&workers, Task::Theirs, saying(round, &say));
        assert_eq!(next(&said), round);
    }
    wait_for("the end of the last job", || {
        workers.look(|state| state.blocked) == 0
    });
}

#[test]
fn threads_start_on_demand_and_end_when_idle() {
    let workers = Workers::new(4, 8, Duration::from_millis(1));
    assert_eq!(workers.look(|state| state.threads), 0);
    let (say, said) = channel();
    for round in 0..3 {
        submit(&workers, Task::Theirs, saying(round, &say));
        assert_eq!(next(&said), round);
        wait_for("the end of idle threads", || {
            workers.look(|state| state.threads) == 0
        });
    }
}

#[test]
fn every_job_is_run_once_whoever_submits() {
    let workers = Workers::new(4, 10_000, Duration::from_millis(1));
    let (say, said) = channel();
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let (workers, say) = (&workers, say.clone());
            scope.spawn(move || {
                for n in 0..500 {
                    let task = if n % 3 == 0 { Task::Own } else { Task::Theirs };
                    submit(workers, task, saying(thread * 500 + n, &say));
                }
            });
        }
    });
    let mut all: Vec<_> = (0..2_000).map(|_| next(&said)).collect();
    all.sort_unstable();
    assert!(all.into_iter().eq(0..2_000));
    assert!(said.try_recv().is_err());
}

#[test]
fn a_thread_that_is_lent_finds_what_waits_for_it() {
    let workers = Workers::new(2, 8, HOURS);
    let (began, begun) = channel();
    let (job, _go) = blocking(&began);
    submit(&workers, Task::Theirs, job);
    next(&begun);
    let (say, said) = channel();
    submit(&workers, Task::Own, saying(1, &say));
    assert_eq!(next(&said), 1);
    wait_for("a thread without work", || {
        workers.look(|state| state.idle) == 1
    });
    // The other thread is kept for this crate's own work, until there is one more.
    submit(&workers, Task::Theirs, saying(2, &say));
    workers.lend();
    assert_eq!(next(&said), 2);
    workers.take_back();
    assert_eq!(workers.lent(), 0);
}
