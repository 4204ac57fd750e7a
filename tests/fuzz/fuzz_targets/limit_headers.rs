//! Whatever was decided under whatever name: header fields are the structured fields that they should be, and say what was decided.
#![no_main]

use std::time::Duration;

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use tenfold::limit::Decision;

#[derive(Arbitrary, Debug)]
struct Decided {
    allowed: bool,
    cost: u64,
    limit: u64,
    window: Span,
    remaining: u64,
    retry_after: Option<Span>,
    reset_after: Option<Span>,
}

#[derive(Arbitrary, Clone, Copy, Debug)]
struct Span(u64, u32);

impl Span {
    fn duration(self) -> Duration {
        Duration::new(self.0, self.1 % 1_000_000_000)
    }

    /// In whole seconds, rounded up, as a structured field can have them.
    fn seconds(self) -> u64 {
        let nanos = self.duration().as_nanos();
        nanos.div_ceil(1_000_000_000).min(LARGEST.into()) as u64
    }
}

const LARGEST: u64 = 999_999_999_999_999;

/// Reads `"name";key=number;key=number`: the name, and the numbers of the keys.
fn parsed(field: &str) -> (String, Vec<(String, u64)>) {
    let mut letters = field.chars();
    assert_eq!(letters.next(), Some('"'));
    let mut name = String::new();
    loop {
        match letters.next().expect("a string ends") {
            '"' => break,
            '\\' => {
                let escaped = letters.next().expect("something is escaped");
                assert!(matches!(escaped, '"' | '\\'));
                name.push(escaped);
            }
            letter => {
                assert!(matches!(letter, ' '..='~'), "{letter:?} in a string");
                name.push(letter);
            }
        }
    }
    let rest = letters.as_str();
    let parameters = rest.strip_prefix(';').unwrap_or_else(|| panic!("no number in {field}"));
    let parameter = |text: &str| {
        let (key, number) = text.split_once('=').expect("a key has a number");
        assert!(!number.is_empty() && number.len() <= 15 && number.bytes().all(|b| b.is_ascii_digit()));
        (key.to_owned(), number.parse().expect("fifteen digits fit"))
    };
    (name, parameters.split(';').map(parameter).collect())
}

fuzz_target!(|input: (Decided, &str)| {
    let (decided, policy) = input;
    let Decided { allowed, limit, remaining, .. } = decided;
    let (retry, reset) = (decided.retry_after, decided.reset_after);
    let decision = serde_json::json!({
        "allowed": allowed,
        "cost": decided.cost,
        "limit": limit,
        "window": decided.window.duration(),
        "remaining": remaining,
        "retry_after": retry.map(Span::duration),
        "reset_after": reset.map(Span::duration),
        "limiting": 0,
    });
    let decision: Decision = serde_json::from_value(decision).expect("a decision can be read");
    let headers = decision.headers(policy);
    let retry_after = retry.filter(|_| !allowed).map(|after| after.seconds().max(1));
    assert_eq!(headers.retry_after(), retry_after);
    let fields = [headers.rate_limit().to_string(), headers.rate_limit_policy().to_string()];
    if limit == u64::MAX {
        assert!(fields.iter().all(String::is_empty));
        return;
    }
    let [(name, said), (name_again, policies)] = fields.each_ref().map(|field| parsed(field));
    assert!(name == name_again && name.chars().eq(policy.chars().filter(|letter| matches!(letter, ' '..='~'))));
    let pairs = |pairs: [(&str, Option<u64>); 2]| -> Vec<(String, u64)> {
        let pairs = pairs.into_iter();
        pairs.filter_map(|(key, number)| Some((key.to_owned(), number?.min(LARGEST)))).collect()
    };
    let after = if allowed { reset.map(Span::seconds) } else { retry_after };
    assert_eq!(said, pairs([("r", Some(remaining)), ("t", after)]));
    let window = Some(decided.window.seconds()).filter(|_| !decided.window.duration().is_zero());
    assert_eq!(policies, pairs([("q", Some(limit)), ("w", window)]));
});
