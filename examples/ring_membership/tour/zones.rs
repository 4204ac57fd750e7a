//! Copies in different zones, and what happens while one of the zones is down.

use std::collections::BTreeSet;

use tenfold::ring::Ring;

use super::keys;
use crate::problem::Problem;

const ZONES: u32 = 3;

const fn zone(node: &u32) -> u32 {
    *node % ZONES
}

pub(super) fn show(nodes: u32) -> Result<String, Problem> {
    let ring = Ring::new(1..=nodes)?;
    let is_spread = |homes: &BTreeSet<u32>| homes.len() == ZONES as usize;
    let (mut by_chance, mut by_zone, mut went_elsewhere) = (0, 0, 0);
    for key in keys() {
        let of_three = ring.replicas(&key, 3).map(zone).collect();
        by_chance += usize::from(is_spread(&of_three));
        let one_of_each = ring.replicas_by(&key, 3, zone).map(zone).collect();
        by_zone += usize::from(is_spread(&one_of_each));

        let owner = ring.locate(&key);
        let usable = ring.locate_where(&key, |_, node| zone(node) != 0);
        if owner != usable {
            went_elsewhere += 1;
            if owner.is_none_or(|owner| zone(owner) != 0) {
                let finding = "a key left an owner that is usable";
                return Err(Problem::promise("locate_where", finding));
            }
        }
    }
    if by_zone != keys().len() {
        let finding = format!("{by_zone} of {} keys are in three zones", keys().len());
        return Err(Problem::promise("replicas_by", finding));
    }
    let percent = |part: usize| 100.0 * part as f64 / keys().len() as f64;
    Ok(format!(
        "
Three zones: by `replicas` the three copies of {:.1} % of the keys stand in three zones, by `replicas_by` those of all.
While one zone is down, `locate_where` sends {:.1} % of the keys elsewhere, and leaves all others where they are.
",
        percent(by_chance),
        percent(went_elsewhere)
    ))
}
