//! The other crates' pools.

use std::convert::Infallible;

use deadpool::{managed, unmanaged};

use super::contestant::{Asynchronous, Blocking, Checks, Setting};
use super::manager::Numbers;

/// Without lifetimes and idle time-outs, and told that none has to be idle: else every checkout counts from those that are up to
/// all of them under the lock. What is idle stays idle all the same.
pub(super) struct R2d2(r2d2::Pool<Numbers>);

impl Blocking for R2d2 {
    type Lease<'p> = r2d2::PooledConnection<Numbers>;
    type Error = r2d2::Error;

    fn build(setting: Setting) -> Result<Self, String> {
        let mut builder = r2d2::Pool::builder()
            .max_size(setting.connections)
            .min_idle(Some(0))
            .max_lifetime(None)
            .idle_timeout(None);
        if let Checks::Off = setting.checks {
            builder = builder.test_on_check_out(false);
        }
        let pool = builder.build(Numbers::default());
        pool.map(Self).map_err(|error| error.to_string())
    }

    fn acquire(&self) -> Result<Self::Lease<'_>, r2d2::Error> {
        self.0.get()
    }
}

/// Has no time-outs unless it is told to. It always checks.
pub(super) struct Deadpool(managed::Pool<Numbers>);

impl Asynchronous for Deadpool {
    type Lease<'p> = managed::Object<Numbers>;
    type Error = managed::PoolError<Infallible>;

    fn build(setting: Setting) -> Result<Self, String> {
        let builder = managed::Pool::builder(Numbers::default());
        let pool = builder.max_size(setting.connections as usize).build();
        pool.map(Self).map_err(|error| error.to_string())
    }

    fn acquire(&self) -> impl Future<Output = Result<Self::Lease<'_>, Self::Error>> + Send {
        self.0.get()
    }
}

/// Of connections that are made once and for all.
pub(super) struct Unmanaged(unmanaged::Pool<u64>);

impl Asynchronous for Unmanaged {
    type Lease<'p> = unmanaged::Object<u64>;
    type Error = unmanaged::PoolError;

    fn build(setting: Setting) -> Result<Self, String> {
        let numbers: Vec<u64> = (0..setting.connections.into()).collect();
        Ok(Self(numbers.into()))
    }

    fn acquire(&self) -> impl Future<Output = Result<Self::Lease<'_>, Self::Error>> + Send {
        self.0.get()
    }
}

/// Without lifetimes and idle time-outs. The time-out of a wait can't be left out.
pub(super) struct Bb8(bb8::Pool<Numbers>);

impl Asynchronous for Bb8 {
    type Lease<'p> = bb8::PooledConnection<'p, Numbers>;
    type Error = bb8::RunError<Infallible>;

    fn build(setting: Setting) -> Result<Self, String> {
        let mut builder = bb8::Pool::builder()
            .max_size(setting.connections)
            .max_lifetime(None)
            .idle_timeout(None);
        if let Checks::Off = setting.checks {
            builder = builder.test_on_check_out(false);
        }
        Ok(Self(builder.build_unchecked(Numbers::default())))
    }

    fn acquire(&self) -> impl Future<Output = Result<Self::Lease<'_>, Self::Error>> + Send {
        self.0.get()
    }
}

/// Without a time-out, and with room for all connections while they are idle.
pub(super) struct Mobc(mobc::Pool<Numbers>);

impl Asynchronous for Mobc {
    type Lease<'p> = mobc::Connection<Numbers>;
    type Error = mobc::Error<Infallible>;

    fn build(setting: Setting) -> Result<Self, String> {
        let connections = setting.connections.into();
        let mut builder = mobc::Pool::builder()
            .max_open(connections)
            .max_idle(connections)
            .get_timeout(None);
        if let Checks::Off = setting.checks {
            builder = builder.test_on_check_out(false);
        }
        Ok(Self(builder.build(Numbers::default())))
    }

    fn acquire(&self) -> impl Future<Output = Result<Self::Lease<'_>, Self::Error>> + Send {
        self.0.get()
    }
}
