//! What a server says about its limits in the header of a response.

use std::fmt;
use std::time::Duration;

use super::Decision;

/// The values of header fields, made when they are written: nothing is allocated before.
///
/// ```
/// use tenfold::clock::Tick;
/// use tenfold::limit::{Quota, RateLimiter, TokenBucket};
///
/// let limiter = TokenBucket::new(Quota::per_minute(60).with_burst(2));
/// let now = Tick::ZERO;
/// assert!(limiter.try_acquire_at(now, 2).allowed);
/// let refused = limiter.try_acquire_at(now, 1);
/// let headers = refused.headers("default");
/// assert_eq!(headers.rate_limit().to_string(), r#""default";r=0;t=1"#);
/// assert_eq!(headers.rate_limit_policy().to_string(), r#""default";q=2;w=2"#);
/// assert_eq!(headers.retry_after(), Some(1));
/// ```
///
/// # Source
///
/// `RateLimit` and `RateLimit-Policy` as in draft-ietf-httpapi-ratelimit-headers-10, `Retry-After` in seconds as in RFC 9110,
/// section 10.2.3. Strings and numbers are structured fields of RFC 9651: what it does not allow in a string is left out, and numbers
/// end at 999 999 999 999 999.
#[derive(Clone, Copy, Debug)]
pub struct Headers<'n> {
    decision: Decision,
    policy: &'n str,
}

/// The largest integer of a structured field.
const LARGEST: u64 = 999_999_999_999_999;

impl<'n> Headers<'n> {
    pub(super) const fn new(decision: Decision, policy: &'n str) -> Self {
        Self { decision, policy }
    }

    /// For `RateLimit`: what is left (`r`), and the seconds until everything is there again (`t`); of a refusal, until the same
    /// request would be admitted, as `Retry-After` says, and left out if it never is. Empty if there is no limit.
    #[must_use]
    pub fn rate_limit(&self) -> impl fmt::Display + use<'n> {
        let (policy, decision) = (self.policy, self.decision);
        let reset = if decision.allowed {
            decision.reset_after.map(seconds)
        } else {
            self.retry_after()
        };
        Field(move |f: &mut fmt::Formatter<'_>| {
            if decision.limit == u64::MAX {
                return Ok(());
            }
            write_name(f, policy)?;
            write!(f, ";r={}", decision.remaining.min(LARGEST))?;
            reset.map_or(Ok(()), |seconds| write!(f, ";t={seconds}"))
        })
    }

    /// For `RateLimit-Policy`: the limit (`q`) and the seconds that it is about (`w`, left out if there is no such time). Empty if
    /// there is no limit.
    #[must_use]
    pub fn rate_limit_policy(&self) -> impl fmt::Display + use<'n> {
        let (policy, decision) = (self.policy, self.decision);
        Field(move |f: &mut fmt::Formatter<'_>| {
            if decision.limit == u64::MAX {
                return Ok(());
            }
            write_name(f, policy)?;
            write!(f, ";q={}", decision.limit.min(LARGEST))?;
            match decision.window {
                Duration::ZERO => Ok(()),
                window => write!(f, ";w={}", seconds(window)),
            }
        })
    }

    /// For `Retry-After`, in seconds: rounded up, so that a client that keeps to it is not refused for being early. `None` if
    /// the request was allowed, or if waiting does not help.
    #[must_use]
    pub fn retry_after(&self) -> Option<u64> {
        let after = self
            .decision
            .retry_after
            .filter(|_| !self.decision.allowed)?;
        Some(seconds(after).max(1))
    }
}

fn seconds(duration: Duration) -> u64 {
    let whole = duration.as_secs();
    whole
        .saturating_add(u64::from(duration.subsec_nanos() > 0))
        .min(LARGEST)
}

/// A string as structured fields write it: printable ASCII, with quotation marks and backslashes escaped.
fn write_name(f: &mut fmt::Formatter<'_>, name: &str) -> fmt::Result {
    f.write_str("\"")?;
    for letter in name.chars().filter(|letter| matches!(letter, ' '..='~')) {
        if matches!(letter, '"' | '\\') {
            f.write_str("\\")?;
        }
        write!(f, "{letter}")?;
    }
    f.write_str("\"")
}

struct Field<F>(F);

impl<F: Fn(&mut fmt::Formatter<'_>) -> fmt::Result> fmt::Display for Field<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (self.0)(f)
    }
}
