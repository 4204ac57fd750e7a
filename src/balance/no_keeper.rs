//! Under a model checker nothing happens by itself.

use super::core::Inner;
use super::policy::Policy;
use crate::kernel::clock::Clock;
use crate::kernel::sync::Arc;

pub(super) fn keep<T, P: Policy, C: Clock>(_: &Arc<Inner<T, P, C>>) {}
