//! A crowd that asks for one profile at the same moment, which nobody has asked for before.

use std::cell::{Cell, RefCell};
use std::time::Duration;

use super::connections::Connections;
use super::trial::Route;
use crate::input::Workload;
use crate::problem::Problem;
use crate::simulation::{Time, run};
use crate::stage::{Profiles, Service};

/// What it took to answer all of them.
pub(crate) struct Crowd {
    pub(crate) answered: u64,
    pub(crate) database_reads: u64,
    /// Until the last one was answered.
    pub(crate) elapsed: Duration,
    pub(crate) first_error: Option<String>,
}

/// Sends the crowd to a service whose cache, if it has one, is empty.
pub(super) fn crowd(
    workload: &Workload,
    service: &dyn Service,
    connections: usize,
    has_cache: bool,
) -> Result<Crowd, Problem> {
    let time = Time::default();
    let database = Connections::open(service, &time, connections)?;
    let profiles = has_cache
        .then(|| Profiles::new(1, time.clock()))
        .transpose()?;
    let route = Route {
        time: &time,
        database: &database,
        profiles: profiles.as_ref(),
    };
    let (answered, first_error) = (Cell::new(0), RefCell::new(None));
    let start = time.now();
    let get = || {
        let task = async {
            let Some((_, user, _)) = workload.request(0) else {
                return;
            };
            match route.read(user).await {
                Ok(_) => answered.set(answered.get() + 1),
                Err(failure) => {
                    first_error
                        .borrow_mut()
                        .get_or_insert_with(|| failure.to_string());
                }
            }
        };
        (start, task)
    };
    run(&time, (0..GETS).map(|_| get()));
    Ok(Crowd {
        answered: answered.get(),
        database_reads: database.traffic().reads,
        elapsed: time.now().since(start),
        first_error: first_error.into_inner(),
    })
}

pub(crate) const GETS: u64 = 10_000;
