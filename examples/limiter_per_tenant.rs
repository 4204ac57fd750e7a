//! A limit for each tenant, by what the tenant pays, in memory that is fixed: one noisy tenant is held while the others are served,
//! and a flood of names that nobody has ever heard of changes neither that nor the memory. In simulated time.
//!
//! `cargo run --release --example limiter_per_tenant`
#![expect(clippy::print_stdout, reason = "an example talks to its reader")]

use std::collections::HashSet;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use tenfold::clock::ManualClock;
use tenfold::limit::{Error, Keyed, Quota};

const FREE: Quota = Quota::per_second(10).with_burst(20);
const PRO: Quota = Quota::per_second(100).with_burst(200);

/// Who pays: what a service would read from its database.
#[derive(Clone, Default)]
struct Plans(Arc<RwLock<HashSet<String>>>);

impl Plans {
    fn upgrade(&self, tenant: &str) {
        let mut paying = self.0.write().unwrap_or_else(PoisonError::into_inner);
        paying.insert(tenant.to_owned());
    }

    /// The class of the tenant's quota: 0 is free.
    fn class(&self, tenant: &str) -> usize {
        let paying = self.0.read().unwrap_or_else(PoisonError::into_inner);
        usize::from(paying.contains(tenant))
    }
}

fn main() -> Result<(), Error> {
    let plans = Plans::default();
    plans.upgrade("acme");
    let clock = ManualClock::new();
    let known = plans.clone();
    let limiter: Keyed<String, _> = Keyed::builder(FREE)
        .class(PRO)
        .quota_for(move |tenant: &String| known.class(tenant))
        .keys(1_000)
        .clock(clock.clone())
        .build()?;
    let size = limiter.stats();
    println!("free: {FREE}");
    println!("pro:  {PRO}");
    println!("{} places in {} bytes", size.capacity, size.bytes);

    // Requests per second, all through.
    let load = [("acme", 80), ("quiet", 5), ("noisy", 200)];
    let scene = |title: &str, strangers: u32| {
        println!("\n{title}");
        let before = limiter.stats();
        let served = ten_seconds(&limiter, &clock, &load, strangers);
        for ((tenant, rate), served) in load.iter().zip(served) {
            let asked = rate * 10;
            let plan = if plans.class(tenant) == 0 {
                "free"
            } else {
                "pro"
            };
            println!("  {tenant:<6} {plan:<5} asked {asked:>5}   served {served:>5}");
        }
        limiter.stats().since(&before)
    };

    scene("ten seconds:", 0);

    // The class of a quota is asked when a tenant is new to the limiter.
    plans.upgrade("noisy");
    limiter.forget("noisy");
    scene("noisy has upgraded:", 0);

    let flood = scene(
        "a million names that nobody knows, in ten seconds:",
        100_000,
    );
    println!(
        "  {} of them lost their places to others, and {} tokens were forgiven",
        flood.evicted, flood.forgiven
    );
    println!("  the table has {} bytes, as before", limiter.memory_used());

    let all = limiter.stats();
    println!(
        "\nsince the start: {} allowed, {} refused ({:.1} %)",
        all.allowed,
        all.refused,
        all.refused_ratio() * 100.0
    );
    Ok(())
}

/// Sends each tenant's requests, evenly spread, and those of so many strangers per second, each of whom comes once. Returns how many
/// requests of each tenant were served.
fn ten_seconds(
    limiter: &Keyed<String, ManualClock>,
    clock: &ManualClock,
    load: &[(&str, u32); 3],
    strangers: u32,
) -> [u32; 3] {
    const STEPS_PER_SECOND: u32 = 1_000;
    let mut served = [0; 3];
    for step in 0..10 * STEPS_PER_SECOND {
        for stranger in 0..strangers / STEPS_PER_SECOND {
            // Most of them are let in: nothing is known against them. That bounds what one key can take, not what all can.
            let _ = limiter.try_acquire(format!("stranger-{step}-{stranger}").as_str());
        }
        for ((tenant, rate), served) in load.iter().zip(&mut served) {
            // How many have come up to this step, less those up to the one before.
            let come = |steps: u32| steps * rate / STEPS_PER_SECOND;
            for _ in come(step)..come(step + 1) {
                *served += u32::from(limiter.try_acquire(*tenant));
            }
        }
        clock.advance(Duration::from_secs(1) / STEPS_PER_SECOND);
    }
    served
}
