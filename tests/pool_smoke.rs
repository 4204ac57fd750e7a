//! Smoke.
#![allow(missing_docs)]
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use tenfold::pool::{self, *};

#[test]
fn basics() {
    let made = Arc::new(AtomicU32::new(0));
    let m = made.clone();
    let pool = Pool::builder(pool::from_fn(move || {
        Ok::<_, std::io::Error>(m.fetch_add(1, Ordering::SeqCst))
    }))
    .max_size(3)
    .build()
    .unwrap();
    let a = pool.acquire().unwrap();
    let b = pool.acquire().unwrap();
    let c = pool.acquire().unwrap();
    println!("{pool:?} {:?}", pool.held());
    let e = pool.acquire_timeout(Duration::from_millis(20)).unwrap_err();
    println!("{e} {e:?}");
    assert!(pool.try_acquire().is_err());
    drop(a);
    let a = pool.try_acquire().unwrap();
    let p = pool.clone();
    let t = std::thread::spawn(move || *p.acquire().unwrap());
    while pool.status().waiting == 0 {
        std::thread::yield_now();
    }
    drop(b);
    println!("{}", t.join().unwrap());
    drop((a, c));
    println!("{:?} {:?}", pool.status(), pool.stats());
    let r = pool.drain(Duration::from_secs(1));
    println!("{r:?}");
    assert!(r.is_complete());
}

#[test]
fn busy() {
    let pool = Pool::builder(pool::from_fn(|| Ok::<_, std::io::Error>(0_u64)))
        .max_size(4)
        .build()
        .unwrap();
    std::thread::scope(|s| {
        for _ in 0..8 {
            s.spawn(|| {
                for _ in 0..20_000 {
                    *pool.acquire().unwrap() += 1;
                }
            });
        }
    });
    println!("{:?} {:?}", pool.status(), pool.stats());
    let mut sum = 0;
    pool.retain(|n, _| {
        sum += *n;
        true
    });
    assert_eq!(sum, 160_000);
}

#[test]
fn tasks() {
    let rt = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    let pool = Pool::builder(pool::from_async_fn(|| async {
        Ok::<_, std::io::Error>(0_u64)
    }))
    .max_size(4)
    .build_async()
    .unwrap();
    let tasks: Vec<_> = (0..64)
        .map(|_| {
            let pool = pool.clone();
            rt.spawn(async move {
                for _ in 0..500 {
                    let mut l = pool.acquire_async().await.unwrap();
                    tokio::task::yield_now().await;
                    *l += 1;
                }
            })
        })
        .collect();
    rt.block_on(async {
        for t in tasks {
            t.await.unwrap();
        }
    });
    println!("{:?} {:?}", pool.status(), pool.stats());
    let mut sum = 0;
    pool.retain(|n, _| {
        sum += *n;
        true
    });
    assert_eq!(sum, 32_000);
}
