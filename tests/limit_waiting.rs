//! Waiting for tokens: threads and tasks in one line, in simulated time.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::{Duration, Instant};

use tenfold::clock::ManualClock;
use tenfold::limit::{Error, Keep, Quota, RateLimiter, TokenBucket};

type Bucket = TokenBucket<ManualClock>;

const SECOND: Duration = Duration::from_secs(1);
const NANO: Duration = Duration::from_nanos(1);

/// An empty bucket of one token per second, and its clock.
fn empty(burst: u32) -> (Arc<Bucket>, ManualClock) {
    let clock = ManualClock::new();
    let quota = Quota::per_second(1).with_burst(burst);
    let bucket = TokenBucket::with_clock(quota, clock.clone());
    assert!(bucket.try_acquire_n(u64::from(burst)));
    (Arc::new(bucket), clock)
}

/// A task that is polled by hand, and knows how often it was woken.
struct Task<'b> {
    future: Pin<Box<dyn Future<Output = Result<(), Error>> + Send + 'b>>,
    woken: Arc<Woken>,
}

#[derive(Default)]
struct Woken(AtomicUsize);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

impl<'b> Task<'b> {
    fn new(future: impl Future<Output = Result<(), Error>> + Send + 'b) -> Self {
        Self {
            future: Box::pin(future),
            woken: Arc::default(),
        }
    }

    fn poll(&mut self) -> Poll<Result<(), Error>> {
        let waker = Waker::from(self.woken.clone());
        self.future.as_mut().poll(&mut Context::from_waker(&waker))
    }

    /// Polls if it was woken since the last time.
    fn run(&mut self) -> Poll<Result<(), Error>> {
        if self.woken.0.swap(0, Ordering::SeqCst) == 0 {
            return Poll::Pending;
        }
        self.poll()
    }
}

fn wait_until(mut what: impl FnMut() -> bool) {
    let patience = Instant::now() + Duration::from_secs(60);
    while !what() {
        assert!(Instant::now() < patience, "nothing happened for a minute");
        thread::yield_now();
    }
}

#[test]
fn a_task_is_woken_when_its_token_is_there_and_not_before() {
    let (bucket, clock) = empty(1);
    let mut task = Task::new(bucket.acquire_async(1));
    assert!(task.poll().is_pending());
    clock.advance(SECOND - NANO);
    assert!(task.run().is_pending() && task.poll().is_pending());
    clock.advance(NANO);
    assert_eq!(task.run(), Poll::Ready(Ok(())));
    assert_eq!(bucket.available(), 0);
    assert_eq!(bucket.stats().waiting, 0);
}

#[test]
fn a_thread_is_woken_when_its_token_is_there() {
    let (bucket, clock) = empty(1);
    let waiting = {
        let bucket = bucket.clone();
        thread::spawn(move || bucket.acquire())
    };
    wait_until(|| bucket.stats().waiting == 1);
    clock.advance(SECOND);
    assert_eq!(waiting.join().unwrap(), Ok(()));
    assert!(!bucket.try_acquire());
}

#[test]
fn first_come_first_served_whoever_wants_less() {
    let (bucket, clock) = empty(5);
    let mut tasks: Vec<_> = [3, 1, 2, 1]
        .map(|cost| Task::new(bucket.acquire_async(cost)))
        .into();
    for task in &mut tasks {
        assert!(task.poll().is_pending());
    }
    let mut served = Vec::new();
    for second in 1..=7 {
        clock.advance(SECOND);
        loop {
            let ready = tasks
                .iter_mut()
                .enumerate()
                .find_map(|(n, task)| task.run().is_ready().then_some(n));
            let Some(ready) = ready else { break };
            served.push((second, ready));
        }
    }
    assert_eq!(served, [(3, 0), (4, 1), (6, 2), (7, 3)]);
}

#[test]
fn who_does_not_wait_can_not_overtake_who_does() {
    let (bucket, clock) = empty(3);
    let mut task = Task::new(bucket.acquire_async(3));
    assert!(task.poll().is_pending());
    clock.advance(2 * SECOND);
    assert_eq!(bucket.available(), 2);
    assert!(!bucket.try_acquire() && !bucket.try_acquire_n(2));
    assert_eq!(bucket.try_acquire_up_to(2), 0);
    assert!(bucket.reserve(1, SECOND).is_err());
    // A second until the waiter is served, and one more for this token.
    let refused = bucket.decide(1);
    assert_eq!(
        (refused.allowed, refused.retry_after),
        (false, Some(2 * SECOND))
    );
    assert!(bucket.try_acquire_n(0), "nothing costs nothing");
    drop(task);
    assert!(bucket.try_acquire_n(2));
}

#[test]
fn who_leaves_takes_nothing_and_the_next_one_is_served() {
    let (bucket, clock) = empty(4);
    let mut first = Task::new(bucket.acquire_async(4));
    let mut second = Task::new(bucket.acquire_async(1));
    assert!(first.poll().is_pending() && second.poll().is_pending());
    clock.advance(SECOND);
    assert!(
        second.run().is_pending(),
        "the first wants more, and waits on"
    );
    drop(first);
    assert_eq!(second.run(), Poll::Ready(Ok(())));
    assert_eq!((bucket.available(), bucket.stats().waiting), (0, 0));
}

#[test]
fn who_is_called_and_leaves_instead_takes_nothing() {
    let (bucket, clock) = empty(1);
    let mut first = Task::new(bucket.acquire_async(1));
    let mut second = Task::new(bucket.acquire_async(1));
    assert!(first.poll().is_pending() && second.poll().is_pending());
    clock.advance(SECOND);
    assert_eq!(first.woken.0.load(Ordering::SeqCst), 1);
    drop(first);
    assert_eq!(second.run(), Poll::Ready(Ok(())));
}

#[test]
fn who_is_not_polled_lets_others_pass_and_keeps_its_place() {
    let (bucket, clock) = empty(10);
    let patience = bucket.config().patience;
    let mut first = Task::new(bucket.acquire_async(1));
    let mut second = Task::new(bucket.acquire_async(1));
    let mut third = Task::new(bucket.acquire_async(1));
    let mut fourth = Task::new(bucket.acquire_async(1));
    for task in [&mut first, &mut second, &mut third, &mut fourth] {
        assert!(task.poll().is_pending());
    }
    clock.advance(SECOND);
    assert!(second.run().is_pending());
    clock.advance(patience);
    assert_eq!(
        second.run(),
        Poll::Ready(Ok(())),
        "the first was not polled"
    );
    assert!(third.run().is_pending() && first.poll().is_pending());
    clock.advance(SECOND);
    assert_eq!(third.run(), Poll::Ready(Ok(())), "it had the turn already");
    assert!(fourth.run().is_pending());
    assert!(
        first.run().is_pending(),
        "it has the turn, but no token yet"
    );
    clock.advance(SECOND);
    assert_eq!(first.run(), Poll::Ready(Ok(())));
    assert!(fourth.run().is_pending());
    clock.advance(SECOND);
    assert_eq!(fourth.run(), Poll::Ready(Ok(())));
}

#[test]
fn who_is_forgotten_does_not_lock_others_out() {
    let (bucket, clock) = empty(2);
    let patience = bucket.config().patience;
    let mut forgotten = Task::new(bucket.acquire_async(2));
    assert!(forgotten.poll().is_pending());
    // The bucket can't tell that it will be dropped after all, lest AddressSanitizer finds a leak.
    clock.advance(2 * SECOND);
    assert!(!bucket.try_acquire(), "it has been called");
    clock.advance(patience);
    assert!(bucket.try_acquire() && bucket.try_acquire());
    // What it wants is not waited for any more.
    let refused = bucket.decide(1);
    assert!(refused.retry_after.is_some_and(|after| after <= SECOND));
    let mut next = Task::new(bucket.acquire_timeout_async(1, SECOND));
    assert!(next.poll().is_pending());
    clock.advance(SECOND);
    assert_eq!(next.run(), Poll::Ready(Ok(())));
    drop(forgotten);
}

#[test]
fn tokens_that_come_back_all_the_time_do_not_keep_who_is_not_polled_at_the_head() {
    let (bucket, clock) = empty(10);
    let patience = bucket.config().patience;
    let mut first = Task::new(bucket.acquire_async(1));
    let mut second = Task::new(bucket.acquire_async(1));
    assert!(first.poll().is_pending() && second.poll().is_pending());
    for _ in 0..4 {
        bucket.refund(1);
        clock.advance(patience / 4);
    }
    assert_eq!(second.run(), Poll::Ready(Ok(())));
    assert_eq!(first.run(), Poll::Ready(Ok(())));
}

#[test]
fn no_patience_at_all_serves_everybody() {
    let quota = Quota::per_second(2_000).with_burst(10).with_initial(0);
    let bucket = TokenBucket::builder(quota).patience(Duration::ZERO);
    let bucket = Arc::new(bucket.build());
    let threads: Vec<_> = (0..4)
        .map(|_| {
            let bucket = bucket.clone();
            thread::spawn(move || (0..10).for_each(|_| bucket.acquire().unwrap()))
        })
        .collect();
    threads
        .into_iter()
        .for_each(|thread| thread.join().unwrap());
    assert_eq!((bucket.stats().allowed, bucket.stats().waiting), (40, 0));
}

#[test]
fn a_deadline_that_can_not_be_met_is_refused_at_once() {
    let (bucket, clock) = empty(5);
    let refused = bucket.acquire_timeout(2, 2 * SECOND - NANO);
    let retry_after = Some(2 * SECOND);
    assert_eq!(refused, Err(Error::Limited { retry_after }));
    let mut waiting = Task::new(bucket.acquire_async(3));
    assert!(waiting.poll().is_pending());
    // Three seconds for the one ahead, and two more.
    let mut late = Task::new(bucket.acquire_timeout_async(2, 5 * SECOND - NANO));
    let retry_after = Some(5 * SECOND);
    assert_eq!(
        late.poll(),
        Poll::Ready(Err(Error::Limited { retry_after }))
    );
    let mut in_time = Task::new(bucket.acquire_timeout_async(2, 5 * SECOND));
    assert!(in_time.poll().is_pending());
    clock.advance(3 * SECOND);
    assert_eq!(waiting.run(), Poll::Ready(Ok(())));
    assert!(in_time.run().is_pending());
    clock.advance(2 * SECOND);
    assert_eq!(
        in_time.run(),
        Poll::Ready(Ok(())),
        "a token at the deadline is in time"
    );
}

#[test]
fn a_deadline_that_is_missed_after_all_is_a_timeout_or_known_in_advance() {
    let (bucket, clock) = empty(5);
    let mut first = Task::new(bucket.acquire_async(1));
    let mut second = Task::new(bucket.acquire_timeout_async(1, 2 * SECOND));
    assert!(first.poll().is_pending() && second.poll().is_pending());
    bucket.charge(1);
    clock.advance(2 * SECOND);
    // Whoever is called first: the second has no token at its deadline.
    assert_eq!(first.run(), Poll::Ready(Ok(())));
    assert_eq!(second.run(), Poll::Ready(Err(Error::TimedOut)));
    assert_eq!(bucket.stats().waiting, 0);
    // At the head of the line, what comes in between is noticed at the next look.
    let mut head = Task::new(bucket.acquire_timeout_async(1, SECOND));
    assert!(head.poll().is_pending());
    bucket.charge(3);
    clock.advance(SECOND);
    assert!(matches!(
        head.run(),
        Poll::Ready(Err(Error::Limited { .. } | Error::TimedOut))
    ));
}

#[test]
fn tokens_that_never_come_are_not_waited_for() {
    let never = Err(Error::Limited { retry_after: None });
    let clock = ManualClock::new();
    let bucket = TokenBucket::with_clock(Quota::new(0, SECOND, 2).unwrap(), clock.clone());
    assert_eq!((bucket.acquire_n(2), bucket.acquire()), (Ok(()), never));
    let cost = Error::CostAboveLimit { cost: 3, limit: 2 };
    assert_eq!(bucket.acquire_n(3), Err(cost));
    assert_eq!(bucket.acquire_timeout(1, Duration::MAX), never);
    assert_eq!(bucket.acquire_n(0), Ok(()));
    let blocked = TokenBucket::with_clock(Quota::BLOCKED, clock);
    assert_eq!(
        blocked.acquire(),
        Err(Error::CostAboveLimit { cost: 1, limit: 0 })
    );
}

#[test]
fn the_line_has_an_end() {
    let clock = ManualClock::new();
    let bucket = TokenBucket::builder(Quota::per_second(1))
        .max_waiters(1)
        .clock(clock)
        .build();
    assert!(bucket.try_acquire());
    let mut first = Task::new(bucket.acquire_async(1));
    assert!(first.poll().is_pending());
    assert_eq!(bucket.acquire(), Err(Error::TooManyWaiters { limit: 1 }));
    drop(first);
    let mut next = Task::new(bucket.acquire_async(1));
    assert!(next.poll().is_pending());
}

#[test]
fn tokens_that_come_back_and_faster_quotas_are_noticed() {
    let (bucket, clock) = empty(2);
    let mut first = Task::new(bucket.acquire_async(1));
    let mut second = Task::new(bucket.acquire_async(1));
    assert!(first.poll().is_pending() && second.poll().is_pending());
    bucket.refund(1);
    assert_eq!(first.run(), Poll::Ready(Ok(())));
    assert!(second.run().is_pending());
    bucket.set_quota(Quota::per_second(1000).with_burst(2), Keep::Tokens);
    assert!(second.run().is_pending());
    clock.advance(Duration::from_millis(1));
    assert_eq!(second.run(), Poll::Ready(Ok(())));
}

#[test]
fn a_cancelled_reservation_is_noticed() {
    let (bucket, _clock) = empty(2);
    bucket.refund(1);
    let reservation = bucket.reserve(1, SECOND).unwrap();
    let mut task = Task::new(bucket.acquire_async(1));
    assert!(task.poll().is_pending());
    assert!(reservation.cancel());
    assert_eq!(task.run(), Poll::Ready(Ok(())));
}

#[test]
fn who_waits_for_more_than_a_new_burst_hears_of_it_and_the_next_is_served() {
    let (bucket, clock) = empty(5);
    let mut large = Task::new(bucket.acquire_async(5));
    let mut small = Task::new(bucket.acquire_async(1));
    assert!(large.poll().is_pending() && small.poll().is_pending());
    bucket.set_quota(Quota::per_second(1).with_burst(2), Keep::Tokens);
    assert_eq!(
        large.run(),
        Poll::Ready(Err(Error::CostAboveLimit { cost: 5, limit: 2 }))
    );
    assert!(small.run().is_pending());
    clock.advance(SECOND);
    assert_eq!(small.run(), Poll::Ready(Ok(())));
}

#[test]
fn threads_and_tasks_stand_in_one_line() {
    let (bucket, clock) = empty(1);
    let order = Arc::new(parking_lot::Mutex::new(Vec::new()));
    let mut task = Task::new(bucket.acquire_async(1));
    let mut threads = Vec::new();
    for n in 0..3 {
        if n == 1 {
            assert!(task.poll().is_pending());
            continue;
        }
        let (bucket, order) = (bucket.clone(), order.clone());
        let before = bucket.stats().waiting;
        let line = bucket.clone();
        threads.push(thread::spawn(move || {
            bucket.acquire().unwrap();
            order.lock().push(n);
        }));
        wait_until(|| line.stats().waiting > before);
    }
    clock.advance(SECOND);
    wait_until(|| order.lock().len() == 1);
    assert!(task.run().is_pending(), "called, but no token yet");
    clock.advance(SECOND);
    assert!(task.run().is_ready());
    order.lock().push(1);
    // The last one has the turn now, and needs a moment to say when to call it.
    thread::yield_now();
    clock.advance(SECOND);
    threads
        .into_iter()
        .for_each(|thread| thread.join().unwrap());
    assert_eq!(*order.lock(), [0, 1, 2]);
}

/// On the process's clock: the housekeeper wakes them, and no token is there too early.
#[test]
fn a_crowd_in_real_time_is_served_no_faster_than_the_rate() {
    let quota = Quota::per_second(2_000).with_burst(10);
    let bucket = Arc::new(TokenBucket::new(quota.with_initial(0)));
    let start = Instant::now();
    let threads: Vec<_> = (0..4)
        .map(|_| {
            let bucket = bucket.clone();
            thread::spawn(move || (0..50).for_each(|_| bucket.acquire().unwrap()))
        })
        .collect();
    threads
        .into_iter()
        .for_each(|thread| thread.join().unwrap());
    let took = start.elapsed();
    assert!(
        took >= Duration::from_micros(199 * 500),
        "200 tokens in {took:?}"
    );
    assert_eq!((bucket.stats().allowed, bucket.stats().waiting), (200, 0));
}

#[test]
fn a_clock_that_steps_back_only_delays() {
    let (bucket, clock) = empty(1);
    clock.advance(10 * SECOND);
    assert!(bucket.try_acquire());
    let mut task = Task::new(bucket.acquire_async(1));
    assert!(task.poll().is_pending());
    clock.set(tenfold::clock::Tick::ZERO);
    assert!(task.poll().is_pending());
    clock.advance(11 * SECOND);
    assert_eq!(task.run(), Poll::Ready(Ok(())));
}

#[test]
fn a_future_may_be_polled_by_changing_tasks() {
    let (bucket, clock) = empty(1);
    let mut future = pin!(bucket.acquire_async(1));
    let wakers: [Arc<Woken>; 2] = Default::default();
    for woken in &wakers {
        let waker = Waker::from(woken.clone());
        assert!(
            future
                .as_mut()
                .poll(&mut Context::from_waker(&waker))
                .is_pending()
        );
    }
    clock.advance(SECOND);
    let counts = wakers
        .each_ref()
        .map(|woken| woken.0.load(Ordering::SeqCst));
    assert_eq!(counts, [0, 1], "only the last one that polled is woken");
}
