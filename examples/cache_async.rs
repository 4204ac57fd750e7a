//! A cache in async code: an error that all share who wait for it, a leader that is cancelled, a deadline, values that are loaded again while
//! they are there, and one query for many keys. Some of it in simulated time.
//!
//! `cargo run --release --example cache_async`
#![expect(clippy::print_stdout, reason = "an example talks to its reader")]

use std::future::{Future, pending, poll_fn, ready};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::Poll;
use std::time::Duration;

use tenfold::cache::{LoadError, MemoryCache};
use tenfold::clock::ManualClock;
use tokio::runtime::Builder;

type Users = MemoryCache<u64, String>;
type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    let runtime = Builder::new_multi_thread()
        .worker_threads(2)
        .enable_time()
        .build()?;
    runtime.block_on(async {
        an_error_is_shared().await?;
        a_leader_is_cancelled().await?;
        a_deadline_passes().await?;
        one_caller_refreshes().await?;
        one_query_for_many().await
    })
}

/// The database is down. Everybody who waits for the load gets its error; nothing is stored, so who comes next tries again.
async fn an_error_is_shared() -> Result<(), Failure> {
    let users: Users = MemoryCache::new(100);
    // It fails when everybody has asked.
    let load = poll_fn(|_| match users.stats().misses {
        3 => Poll::Ready(Err("the database is down")),
        _ => Poll::Pending,
    });
    let mut leader = pin!(users.try_get_or_load_async(&7, load));
    assert!(is_waiting(leader.as_mut()).await);
    let mut second =
        pin!(users.try_get_or_load_async(&7, ready(Ok::<_, &str>("not needed".to_owned()))));
    let mut third =
        pin!(users.try_get_or_load_async(&7, ready(Ok::<_, &str>("not needed".to_owned()))));
    assert!(is_waiting(second.as_mut()).await && is_waiting(third.as_mut()).await);

    let (Err(LoadError::Failed(one)), Err(LoadError::Failed(two)), Err(LoadError::Failed(three))) =
        (leader.await, second.await, third.await)
    else {
        return Err("the load should have failed for all three".into());
    };
    println!("three callers, one failed load: {one}");
    assert!(Arc::ptr_eq(&one, &two) && Arc::ptr_eq(&two, &three));
    assert_eq!((users.stats().load_failures, users.len()), (1, 0));

    let next = users
        .try_get_or_load_async(&7, ready(Ok::<_, &str>("Ada".to_owned())))
        .await;
    assert_eq!(next.ok().as_deref(), Some("Ada"));
    Ok(())
}

/// A client goes away, and its request is dropped while it leads a load. The next one in line loads in its stead.
async fn a_leader_is_cancelled() -> Result<(), Failure> {
    let users: Users = MemoryCache::new(100);
    let asked = Arc::new(AtomicU64::new(0));
    let (leaders, counter) = (users.clone(), asked.clone());
    let leader = tokio::spawn(async move {
        let load = async {
            counter.fetch_add(1, Ordering::SeqCst);
            pending().await
        };
        leaders.get_or_load_async(&7, load).await
    });
    while asked.load(Ordering::SeqCst) == 0 {
        tokio::task::yield_now().await;
    }
    let mut waiting = pin!(users.get_or_load_async(&7, async {
        asked.fetch_add(1, Ordering::SeqCst);
        "Ada".to_owned()
    }));
    assert!(is_waiting(waiting.as_mut()).await);
    assert_eq!(
        asked.load(Ordering::SeqCst),
        1,
        "the second waits for the first"
    );

    leader.abort();
    let name = waiting.await;
    println!("the leader was cancelled, and who waited has loaded {name:?}");
    assert!(leader.await.is_err_and(|error| error.is_cancelled()));
    assert_eq!(
        (asked.load(Ordering::SeqCst), users.get(&7)),
        (2, Some(name))
    );
    Ok(())
}

/// A load that takes too long for this caller. Its deadline goes by the cache's clock, which is moved by hand here.
async fn a_deadline_passes() -> Result<(), Failure> {
    let clock = ManualClock::new();
    let users: Users = MemoryCache::builder()
        .capacity(100)
        .clock(clock.clone())
        .build()?;
    let hangs = pending::<Result<String, &str>>();
    let mut slow = pin!(users.try_get_or_load_timeout_async(&7, hangs, Duration::from_millis(200)));
    assert!(is_waiting(slow.as_mut()).await);
    clock.advance(Duration::from_millis(200));
    let ended = slow.await;
    println!(
        "after 200 ms: {:?}",
        ended.as_ref().map_err(ToString::to_string)
    );
    assert!(matches!(ended, Err(LoadError::TimedOut)));
    Ok(())
}

/// A value that is in use is loaded again before it is gone: by one caller, while the others have the old one.
async fn one_caller_refreshes() -> Result<(), Failure> {
    let clock = ManualClock::new();
    let users: Users = MemoryCache::builder()
        .capacity(100)
        .refresh_after_write(Duration::from_secs(10))
        .time_to_live(Duration::from_secs(60))
        .clock(clock.clone())
        .build()?;
    users
        .get_or_load_async(&7, ready("Ada Byron".to_owned()))
        .await;

    clock.advance(Duration::from_secs(10));
    let married = AtomicBool::new(false);
    let load = poll_fn(|_| match married.load(Ordering::SeqCst) {
        true => Poll::Ready("Ada Lovelace".to_owned()),
        false => Poll::Pending,
    });
    let mut reloading = pin!(users.get_or_load_async(&7, load));
    assert!(is_waiting(reloading.as_mut()).await);
    let meanwhile = users.get_or_load_async(&7, pending()).await;
    married.store(true, Ordering::SeqCst);
    let reloaded = reloading.await;
    println!("while one caller reloads, the others get {meanwhile:?}; after that {reloaded:?}");
    assert_eq!(meanwhile, "Ada Byron");
    assert_eq!(users.get(&7).as_deref(), Some("Ada Lovelace"));
    Ok(())
}

/// A page with many names: what is missing is fetched by one query.
async fn one_query_for_many() -> Result<(), Failure> {
    let users: Users = MemoryCache::new(100);
    users.insert(1, "Ada".to_owned());
    let mut queries = 0;
    let names = users
        .get_or_load_many_async(&[1_u64, 2, 3, 2], |missing| {
            queries += 1;
            let rows: Vec<_> = missing
                .into_iter()
                .map(|id| (id, format!("user {id}")))
                .collect();
            ready(rows)
        })
        .await;
    let names: Vec<_> = names.into_iter().flatten().collect();
    println!("four names by {queries} query: {names:?}");
    assert_eq!((queries, names.len()), (1, 4));
    Ok(())
}

/// Polls a future once, and tells whether it has to wait.
async fn is_waiting<F: Future>(mut future: Pin<&mut F>) -> bool {
    poll_fn(|context| Poll::Ready(future.as_mut().poll(context).is_pending())).await
}
