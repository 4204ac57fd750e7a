//! Calls that are given up: at every gate, and ten thousand times at random.

use crate::pooling::*;
