//! Whether counts are what shares promise.

/// Fails if counts like these come up less than once in a million times by chance: Pearson's test, with the approximation of
/// E. Wilson and M. Hilferty, "The Distribution of Chi-Square", PNAS 17, 1931. What has no share must not come up at all.
pub(crate) fn assert_shares(counts: &[u64], weights: &[u32]) {
    assert_eq!(counts.len(), weights.len());
    let total: f64 = weights.iter().map(|weight| f64::from(*weight)).sum();
    let picks = counts.iter().sum::<u64>() as f64;
    let mut chi = 0.0;
    let mut freedom = -1.0;
    for (count, weight) in counts.iter().zip(weights) {
        if *weight == 0 {
            assert_eq!(*count, 0, "{counts:?} of {weights:?}");
            continue;
        }
        let expected = picks * f64::from(*weight) / total;
        assert!(expected >= 5.0, "too few picks to say anything");
        chi += (*count as f64 - expected).powi(2) / expected;
        freedom += 1.0;
    }
    if freedom < 1.0 {
        return;
    }
    // One in a million is 4.753 standard deviations.
    let spread = 2.0 / (9.0 * freedom);
    let limit = freedom * (1.0 - spread + 4.753 * f64::sqrt(spread)).powi(3);
    assert!(
        chi < limit,
        "chi square {chi} of {limit}: {counts:?} of {weights:?}"
    );
}

/// Fails unless each part is as expected, within `error`.
pub(crate) fn assert_parts(counts: &[u64], expected: &[f64], error: f64) {
    let all = counts.iter().sum::<u64>() as f64;
    let parts: Vec<_> = counts.iter().map(|count| *count as f64 / all).collect();
    let is_near = |(part, expected): (&f64, &f64)| (part - expected).abs() <= error;
    assert!(
        parts.len() == expected.len() && parts.iter().zip(expected).all(is_near),
        "{parts:?} instead of {expected:?}"
    );
}
