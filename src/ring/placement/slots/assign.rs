//! Which slots go from whom to whom: no more than quotas ask for.

use super::super::Member;
use super::super::points::sorted_words;

/// Gives each slot an owner. `owners` says who has it so far, if anybody that is still there; `quotas` how many each member gets.
///
/// Whoever has too many gives some back, spread evenly over those it has. What is free then goes to those who have too
/// few, each one's share again spread evenly.
pub(super) fn assign(owners: &mut [Option<u32>], quotas: &[u32], members: &[Member]) {
    let mut holding = vec![0_u64; quotas.len()];
    for owner in owners.iter().flatten() {
        if let Some(count) = holding.get_mut(*owner as usize) {
            *count += 1;
        }
    }
    let surplus: Vec<u64> = holding
        .iter()
        .zip(quotas)
        .map(|(holding, quota)| holding.saturating_sub(u64::from(*quota)))
        .collect();
    let mut passed = vec![0_u64; quotas.len()];
    for slot in owners.iter_mut() {
        let Some(owner) = slot.map(|owner| owner as usize) else {
            continue;
        };
        let numbers = (
            passed.get_mut(owner),
            surplus.get(owner),
            holding.get(owner),
        );
        let (Some(passed), Some(surplus), Some(holding)) = numbers else {
            continue;
        };
        let given_back = |passed: u64| passed * surplus / holding.max(&1);
        *passed += 1;
        if given_back(*passed) > given_back(*passed - 1) {
            *slot = None;
        }
    }
    let mut takers = takers(&holding, quotas, members).into_iter();
    for slot in owners.iter_mut().filter(|slot| slot.is_none()) {
        *slot = takers.next();
    }
}

/// Those who get a slot, as often as they do and in the order of slots: turns at even distances, and where two coincide in the
/// order of ids.
fn takers(holding: &[u64], quotas: &[u32], members: &[Member]) -> Vec<u32> {
    let missing = holding
        .iter()
        .zip(quotas)
        .map(|(holding, quota)| u64::from(*quota).saturating_sub(*holding));
    let mut takers: Vec<(u64, u64, u32)> = members
        .iter()
        .zip(missing)
        .zip(0..)
        .filter(|((_, missing), _)| *missing > 0)
        .map(|((member, missing), index)| (member.id, missing, index))
        .collect();
    takers.sort_unstable();
    // The time of a turn above the rank of who takes it.
    let time = |turn: u64, missing: u64| ((2 * turn + 1) << 32) / (2 * missing);
    let turns = || {
        let ranked = (0..).zip(&takers);
        ranked.flat_map(|(rank, (_, missing, _))| {
            (0..*missing).map(move |turn| time(turn, *missing) << 32 | rank)
        })
    };
    let count = takers.iter().map(|(_, missing, _)| *missing as usize).sum();
    let taker = |turn: u64| takers.get(turn as u32 as usize).map(|(_, _, index)| *index);
    sorted_words(count, turns)
        .into_iter()
        .filter_map(taker)
        .collect()
}
