//! A value of each type of `pool`.

use std::fmt::Debug;
use std::time::Duration;

use tenfold::pool::{self, KeyedPool, Pool};

type Connect = fn() -> Result<u8, String>;

fn connects() -> Result<u8, String> {
    Ok(7)
}

async fn connects_later() -> Result<u8, String> {
    Ok(7)
}

pub(crate) fn show(show: &mut impl FnMut(&str, &dyn Debug)) {
    let manager = || pool::from_fn(connects as Connect);
    show("pool::FromFn", &manager());
    show("pool::FromAsyncFn", &pool::from_async_fn(connects_later));
    let builder = Pool::builder(manager()).max_size(2);
    show("pool::Builder", &builder);
    let pool = builder.build().unwrap();
    let lease = pool.acquire().unwrap();
    show("pool::Config", pool.config());
    show("pool::ConnectionInfo", &pool::Lease::info(&lease));
    show("pool::Held", &pool.held().first());
    show("pool::Lease", &lease);
    drop(lease);
    show("pool::OwnedLease", &pool.acquire_owned().unwrap());
    show("pool::Acquire", &pool.acquire_async());
    show("pool::AcquireOwned", &pool.acquire_owned_async());
    show("pool::WarmUp", &pool.warm_up_async(1, Duration::ZERO));
    show("pool::Histograms", &pool.histograms());
    show("pool::Stats", &pool.stats());
    show("pool::Status", &pool.status());
    show("pool::Pool", &pool);
    let drain = pool.drain_async(Duration::ZERO);
    show("pool::Drain", &drain);
    show("pool::DrainReport", &pool.drain(Duration::ZERO));

    show("pool::AcquireError", &pool::AcquireError::<u8>::Closed);
    show("pool::AttachError", &pool::AttachError::Closed(1));
    show("pool::Check", &pool::Check::Never);
    show("pool::CloseReason", &pool::CloseReason::Idle);
    show("pool::ConnectError", &pool::ConnectError::<u8>::Panicked);
    show("pool::Error", &pool::Error::Closed);
    show("pool::Fairness", &pool::Fairness::Fifo);
    show("pool::OnPanic", &pool::OnPanic::Discard);
    show("pool::Order", &pool::Order::Affine);
    show("pool::Reason", &pool::Reason::Busy);
    show("pool::Upkeep", &pool::Upkeep::Automatic);
    show("pool::Verdict", &pool::Verdict::Keep);

    let builder = KeyedPool::<u8, pool::FromFn<Connect>>::builder(move |_| manager());
    show("pool::KeyedBuilder", &builder);
    let keyed = builder.build().unwrap();
    show("pool::KeyedConfig", keyed.config());
    show("pool::KeyedStats", &keyed.stats());
    show("pool::KeyedStatus", &keyed.status());
    show("pool::AcquireKeyed", &keyed.acquire_async(&1));
    show("pool::KeyedPool", &keyed);
    show("pool::DrainKeyed", &keyed.drain_async(Duration::ZERO));
}
