use super::*;

#[test]
fn an_invalidation_ends_what_was_born_before_it_and_nothing_else() {
    let tags = Tags::new();
    let loading = tags.clock();
    let before = tags.extra(["a", "b"], None).unwrap();
    let other = tags.extra(["b"], None).unwrap();
    assert!(before.is_current() && other.is_current());
    tags.invalidate("a");
    assert!(!before.is_current() && other.is_current());
    let after = tags.extra(["a", "b"], None).unwrap();
    assert!(after.is_current());
    // Read before, tagged afterwards.
    assert!(!tags.extra(["a"], Some(loading)).unwrap().is_current());
    assert!(tags.extra(["b"], Some(loading)).unwrap().is_current());
    assert!(tags.extra([""; 0], None).is_none());
}

#[test]
fn a_tag_that_nobody_had_is_invalidated_all_the_same() {
    let tags = Tags::new();
    let loading = tags.clock();
    tags.invalidate("new");
    assert!(!tags.extra(["new"], Some(loading)).unwrap().is_current());
    assert!(
        tags.extra(["new"], Some(tags.clock()))
            .unwrap()
            .is_current()
    );
}

#[test]
fn tags_without_entries_are_forgotten_but_not_their_invalidations() {
    let tags = Tags::new();
    let kept = tags.extra(["kept"], None).unwrap();
    let loading = tags.clock();
    tags.invalidate("gone");
    for n in 0..100_000_u32 {
        let name = n.to_string();
        assert!(tags.extra([name.as_str()], None).unwrap().is_current());
    }
    assert!(tags.len() <= PARTS * FEW, "{}", tags.len());
    let known = tags.part("gone").unwrap().lock().tags.contains("gone");
    assert!(!known);
    assert!(!tags.extra(["gone"], Some(loading)).unwrap().is_current());
    assert!(tags.extra(["gone"], None).unwrap().is_current());
    tags.invalidate("kept");
    assert!(!kept.is_current());
}
