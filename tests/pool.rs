//! The pool in sentences, in simulated time.
//!
//! The tests of other pools, and where they are here: in this file, in `pool_model.rs` or in `pool_regressions.rs`.
//!
//! | r2d2 (0.8, `src/test.rs`) | here |
//! |---|---|
//! | max_size_ok | `checkout::there_are_never_more_than_there_may_be` |
//! | acquire_release | `checkout::what_comes_back_goes_out_again` |
//! | try_get | `checkout::who_does_not_wait_is_not_given_one_that_is_yet_to_be_made` |
//! | get_timeout | `lines::time_is_over_when_it_is_over` |
//! | is_send_sync | `checkout::leases_and_futures_can_go_to_other_threads` |
//! | issue_2_unlocked_during_is_valid | `checking::others_go_on_while_one_is_checked` |
//! | drop_on_broken | `checkout::a_broken_one_is_replaced` |
//! | initialization_failure | `outages::in_an_outage_callers_are_refused_at_once_and_told_why` |
//! | lazy_initialization_failure | `settings::a_closure_is_a_manager` |
//! | get_global_timeout | `lines::time_is_over_when_it_is_over` |
//! | connection_customizer | `hooking::each_is_called_at_its_turn` |
//! | idle_timeout | `keeping::what_nobody_uses_is_closed` |
//! | idle_timeout_partial_use | `keeping::those_that_are_not_needed_go_though_the_pool_is_in_use` |
//! | max_lifetime | `keeping::what_is_old_goes_when_it_is_idle` |
//! | min_idle | `keeping::idle_connections_are_kept_ready` |
//! | conns_drop_on_pool_drop | `ending::a_pool_that_is_dropped_closes_everything` |
//! | events | `telling::statistics_add_up` |
//! | extensions | a connection is the manager's own type: what belongs to it is in it |
//!
//! | bb8 (0.9, `tests/test.rs`): the same names, and | here |
//! |---|---|
//! | lazy_initialization_failure_no_retry | `outages::the_pause_between_two_attempts_is_bounded` |
//! | get_timeout | `lines::time_is_over_when_it_is_over` |
//! | lots_of_waiters | `named::bb8_122_all_wait_and_one_is_idle` |
//! | timeout_caller | `lines::who_waits_takes_whatever_comes_first` |
//! | now_invalid | `checking::one_that_does_not_pass_is_replaced` |
//! | max_lifetime_reap_on_drop | `keeping::what_is_old_goes_when_it_comes_back` |
//! | retry | `outages::who_waits_has_it_tried_again` |
//! | conn_fail_once | `outages::who_waits_has_it_tried_again` |
//! | guard | `checkout::a_lease_that_is_owned_outlives_the_pool` |
//! | customize_connection_acquire | `hooking::what_a_hook_does_to_a_connection_stays` |
//! | broken_connections_dont_starve_pool | `checkout::a_broken_one_is_replaced` |
//! | state_get_contention | `telling::a_status_counts_everything_once` |
//! | statistics_connections_created | `telling::statistics_add_up` |
//! | can_use_added_connections | `checkout::one_from_elsewhere_is_taken_in` |
//! | add_ok_until_max_size | `checkout::one_from_elsewhere_is_taken_in` |
//! | add_checks_broken_connections | `checkout::one_from_elsewhere_that_is_broken_is_not_handed_out` |
//! | reuse_on_drop | `ending::the_last_handle_closes` |
//!
//! | deadpool (0.13, `tests/managed*.rs`) | here |
//! |---|---|
//! | basic | `telling::a_status_counts_everything_once` |
//! | closing | `ending::all_that_wait_are_told` |
//! | concurrent | `threads::many_threads_and_few_connections` |
//! | object_take | `checkout::a_detached_one_is_the_callers` |
//! | retain, retain_fnmut | `orders::what_is_not_wanted_is_closed` |
//! | cancellations: before the poll | `cancelling::before_it_was_polled` |
//! | cancellations: create | `cancelling::during_a_connect` |
//! | cancellations: recycle | `cancelling::during_a_check` |
//! | cancellations: wait | `cancelling::after_something_was_handed_to_it` |
//! | cancellations: hooks | hooks are calls here, which can't be given up |
//! | from_env | there is no reader of the environment: `Config` is serde's |
//! | pool_drained | `panics::of_a_check` |
//! | post_create_ok, post_create_ok_async | `hooking::each_is_called_at_its_turn` |
//! | post_create_err_abort | `hooking::one_that_is_refused_when_it_is_made_is_a_failed_connect` |
//! | pre_recycle_ok, post_recycle_ok | `hooking::each_is_called_at_its_turn` |
//! | pre_recycle_err_continue | `hooking::one_that_is_refused_when_it_comes_back_is_closed` |
//! | post_recycle_err_continue | `hooking::in_place_of_one_that_is_refused_the_caller_gets_another` |
//! | grow_reuse_existing | `orders::smaller_and_larger_again_loses_nothing` |
//! | resize_pool_shrink | `orders::a_smaller_pool_closes_what_is_idle_at_once` |
//! | resize_pool_grow | `orders::a_larger_pool_serves_those_that_wait` |
//! | resize_pool_shrink_grow | `orders::smaller_and_larger_again_loses_nothing` |
//! | resize_pool_grow_concurrent | `named::deadpool_resize_during_a_connect_is_forgotten` |
//! | close_resize | `orders::a_pool_that_is_closed_is_resized_and_stays_closed` |
//! | timeouts: wait | `lines::time_is_over_when_it_is_over` |
//! | timeouts: create | `outages::a_connect_that_takes_too_long_has_failed` |
//! | timeouts: recycle | `checking::a_check_that_takes_too_long_costs_the_connection` |
//! | unreliable manager: create | `panics::of_a_connect` |
//! | unreliable manager: recycle | `checking::other_idle_ones_are_tried_before_one_is_made` |
//! | unmanaged: add and remove | `checkout::one_from_elsewhere_is_taken_in` |
//!
//! | HikariCP | here |
//! |---|---|
//! | TestConcurrentBag | `script::steps` |
//! | ConnectionRaceConditionTest | `threads::many_threads_and_few_connections` |
//! | AddConnectionRaceConditionTest | `lines::what_is_made_goes_to_who_is_first_whoever_it_was_made_for` |
//! | TestSaturatedPool830 | `named::hikari_830_a_pool_that_was_saturated_recovers` |
//! | ConnectionPoolSizeVsThreadsTest | `lines::a_spike_does_not_leave_a_pool_that_is_larger_than_it_need_be` |
//! | TestConnectionTimeoutRetry | `outages::who_waits_has_it_tried_again` |
//! | TestConnectionCloseBlocking | `threads::a_blocking_close_that_takes_too_long_gives_its_place_back` |
//! | ShutdownTest | `ending::what_is_being_connected_is_closed_when_it_is_there` |
//! | HouseKeeperCleanupTest | `named::r2d2_99_something_lives_on_after_the_drop` |
//! | RampUpDown | `keeping::those_that_are_not_needed_go_though_the_pool_is_in_use` |
//! | TestValidation | `settings::what_is_out_of_range_is_named` |
//! | MetricsTrackerTest | `telling::statistics_add_up` |
//! | ProxyLeakTaskTest | `telling::a_leak_is_reported_once` |
//! | BrokenConnectionEvictionTest | `checkout::one_that_broke_while_idle_is_not_handed_out` |
//! | statements, proxies, JNDI, Hibernate | there are none |
//!
//! | MongoDB's CMAP | here |
//! |---|---|
//! | connection-must-have-id, -order-ids | `named::cmap_ids_rise_from_one` |
//! | pool-create-max-size | `checkout::there_are_never_more_than_there_may_be` |
//! | pool-create-min-size | `keeping::idle_connections_are_kept_ready` |
//! | pool-create-min-size-error | `keeping::what_failed_to_be_kept_ready_is_tried_again` |
//! | pool-checkout-connection, -multiple | `checkout::every_way_of_asking_finds_what_is_idle` |
//! | pool-checkout-no-idle | `keeping::what_nobody_uses_is_closed` |
//! | pool-checkout-no-stale | `orders::what_was_connected_before_a_clear_is_not_handed_out_after_it` |
//! | pool-checkout-error-closed | `ending::a_closed_pool_hands_out_nothing` |
//! | pool-checkout-maxConnecting-is-enforced | `lines::connects_at_a_time_are_as_many_as_may_be` |
//! | pool-checkout-maxConnecting-timeout | `lines::why_it_was_in_vain_is_told` |
//! | pool-checkout-minSize-connection-maxConnecting | `named::bb8_all_of_min_idle_is_connected_at_once` |
//! | pool-checkout-returned-connection-maxConnecting | `named::cmap_who_waits_for_a_connect_takes_what_is_returned` |
//! | pool-checkin, -make-available | `checkout::what_comes_back_goes_out_again` |
//! | pool-checkin-destroy-closed | `ending::a_closed_pool_hands_out_nothing` |
//! | pool-checkin-destroy-stale | `named::cmap_clear_marks_all_as_stale_and_those_in_use_go_when_they_come_back` |
//! | pool-clear-clears-waitqueue | a clear does not pause: who waits has another one made |
//! | pool-clear-closing-pending-connections | `orders::what_is_being_connected_during_a_clear_is_not_handed_out` |
//! | pool-clear-min-size | `found::what_is_evicted_from_a_quiet_pool_is_made_again` |
//! | pool-close, -destroy-conns | `ending::a_pool_that_is_dropped_closes_everything` |
//! | pool-ready | `orders::a_pool_that_rests_hands_out_nothing_and_connects_nothing` |
//! | wait-queue-fairness | `lines::who_came_first_is_served_first` |
//! | wait-queue-timeout | `lines::time_is_over_when_it_is_over` |
//! | wait-queue-size | `lines::no_more_wait_than_may` |
//! | connections that fail: the place is given back | `named::cmap_a_connect_that_fails_gives_its_place_back` |
//! | release-foreign-error | `named::w12_a_connection_of_somebody_else_is_given_back` |
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that goes astray should panic"
)]

#[path = "support/pooling/checking.rs"]
mod checking;
#[path = "support/pooling/checkout.rs"]
mod checkout;
#[path = "support/pooling/ending.rs"]
mod ending;
#[path = "support/pooling/hooking.rs"]
mod hooking;
#[path = "support/pooling/keeping.rs"]
mod keeping;
#[path = "support/pooling/lines.rs"]
mod lines;
#[path = "support/pooling/listing.rs"]
mod listing;
#[path = "support/pooling/orders.rs"]
mod orders;
#[path = "support/pooling/outages.rs"]
mod outages;
#[path = "support/pooling/panics.rs"]
mod panics;
#[expect(dead_code, reason = "other tests need the rest")]
#[path = "support/pooling/mod.rs"]
mod pooling;
#[path = "support/pooling/settings.rs"]
mod settings;
#[path = "support/pooling/telling.rs"]
mod telling;
#[path = "support/pooling/threads.rs"]
mod threads;
