//! Sorting many words that are spread evenly over their range, in the memory of the result.
//!
//! The words are made twice: first to count how many fall into each of a few hundred parts of the range, then to put each
//! where its part stands. Every part, small enough for the first-level cache, is then sorted by counting, and a last pass
//! settles the few neighbours that shared a bucket. Words that are not spread evenly take longer: then the last pass is an
//! ordinary sort.

use super::guide::Guide;

/// Words from which on this beats an ordinary sort.
const MANY: usize = 1 << 11;
/// Buckets of the guide in a part: about as many as words, or twice as many.
const PART: usize = 1 << 10;

/// The `count` words that `words` makes, each time the same, in ascending order, in a vector with room for `spare` more; and a
/// guide to them, which comes out on the way.
pub(super) fn sorted<I: Iterator<Item = u64>>(
    count: usize,
    spare: usize,
    words: impl Fn() -> I,
) -> (Vec<u64>, Guide) {
    let mut all = Vec::with_capacity(count + spare);
    if count < MANY {
        all.extend(words());
        all.sort_unstable();
        let guide = Guide::to(&all);
        return (all, guide);
    }
    let mut guide = Guide::for_points(count);
    let top = guide.bits() - PART.trailing_zeros();
    let part_of = |word: u64| (word >> (u64::BITS - top)) as usize;

    let mut ends = vec![0_u32; 1 << top];
    words().for_each(|word| increment(&mut ends, part_of(word)));
    to_begins(&mut ends);
    all.resize(count, 0);
    words().for_each(|word| place(&mut all, &mut ends, part_of(word), word));

    // Each begin is now the end of its part.
    let mut copy = Vec::new();
    let mut begin = 0;
    for end in ends {
        if let Some(part) = all.get_mut(begin as usize..end as usize) {
            sort_part(part, begin, &mut copy, &mut guide);
        }
        begin = end;
    }
    (all, guide)
}

/// The same without a guide.
pub(in crate::ring) fn sorted_words<I: Iterator<Item = u64>>(
    count: usize,
    words: impl Fn() -> I,
) -> Vec<u64> {
    sorted(count, 0, words).0
}

/// Sorts the words of one part, with `begin` words before it, and continues the guide.
fn sort_part(part: &mut [u64], begin: u32, copy: &mut Vec<u64>, guide: &mut Guide) {
    let bucket_of = |word: u64| guide.bucket(word) % PART;
    let mut begins = [0; PART];
    for word in part.iter() {
        increment(&mut begins, bucket_of(*word));
    }
    to_begins(&mut begins);
    if part.len() > 4 * PART {
        part.sort_unstable();
    } else {
        copy.clear();
        copy.extend_from_slice(part);
        let mut next = begins;
        for word in copy.iter() {
            place(part, &mut next, bucket_of(*word), *word);
        }
        settle(part);
    }
    guide.extend(begin, &begins);
}

#[inline]
fn increment(counts: &mut [u32], index: usize) {
    if let Some(count) = counts.get_mut(index) {
        *count += 1;
    }
}

/// Turns counts into the sums of those before.
fn to_begins(counts: &mut [u32]) {
    let mut sum = 0;
    for count in counts {
        sum += std::mem::replace(count, sum);
    }
}

/// Puts `word` where the next one of its kind belongs.
#[inline]
fn place(words: &mut [u64], begins: &mut [u32], kind: usize, word: u64) {
    if let Some(begin) = begins.get_mut(kind) {
        if let Some(slot) = words.get_mut(*begin as usize) {
            *slot = word;
        }
        *begin += 1;
    }
}

/// Sorts words of which nearly all are in place.
fn settle(words: &mut [u64]) {
    // Without a branch: exchanges neighbours, which settles nearly all that is left.
    let mut rest = words.iter_mut();
    let Some(mut slot) = rest.next() else {
        return;
    };
    let mut largest = *slot;
    for next in rest {
        let word = *next;
        *slot = word.min(largest);
        largest = word.max(largest);
        slot = next;
    }
    *slot = largest;
    // A word that is still behind larger ones moves forward past them. After too many moves an ordinary sort takes over.
    let (mut sorted, mut moves) = (1, 0);
    let is_descent = |pair: &[u64]| pair.first() > pair.last();
    while let Some(ascents) = words
        .get(sorted - 1..)
        .and_then(|rest| rest.windows(2).position(is_descent))
    {
        sorted += ascents;
        let Some((last, before)) = words.get(..=sorted).and_then(<[u64]>::split_last) else {
            return;
        };
        let larger = before.iter().rev().take_while(|word| *word > last).count();
        if let Some(tail) = words.get_mut(sorted - larger..=sorted) {
            tail.rotate_right(1);
        }
        moves += larger;
        if moves > 4 * PART {
            words.sort_unstable();
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Guide, sorted};
    use crate::kernel::rng::Rng;

    fn check(words: &[u64]) {
        let mut expected = words.to_vec();
        expected.sort_unstable();
        let (sorted, guide) = sorted(words.len(), 4, || words.iter().copied());
        assert!(sorted == expected, "{} words", words.len());
        assert_eq!(guide, Guide::to(&expected));
    }

    #[test]
    fn words_of_every_kind_are_sorted() {
        let mut rng = Rng::seeded(1);
        for len in [0, 1, 2, 2047, 2048, 2049, 5000, 70_000] {
            let even: Vec<u64> = (0..len).map(|_| rng.next_u64()).collect();
            check(&even);
            check(&even.iter().map(|word| word >> 20).collect::<Vec<_>>());
            check(&even.iter().map(|word| word | !0 << 12).collect::<Vec<_>>());
            check(
                &even
                    .iter()
                    .map(|word| word & 0xF000_0000_0000_000F)
                    .collect::<Vec<_>>(),
            );
            check(&vec![u64::MAX; len]);
            check(&(0..len as u64).rev().collect::<Vec<_>>());
            check(
                &(0..len as u64)
                    .rev()
                    .map(|word| word << 50)
                    .collect::<Vec<_>>(),
            );
        }
    }
}
