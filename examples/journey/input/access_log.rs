//! One line of a web server's access log, in the common or the combined log format:
//!
//! ```text
//! 192.0.2.7 - ann [10/Oct/2025:13:55:36 +0000] "GET /profile/42?full=1 HTTP/1.1" 200 2326 "referrer" "user agent"
//! ```

/// The request as the client sent it, and the bytes of the answer; `-` is none. None: the line is not in either format.
pub(super) fn parse(line: &str) -> Option<(&str, u64)> {
    let (client, rest) = line.split_once(" [")?;
    // Address, identity and user name; the last may contain spaces.
    if client.split(' ').filter(|field| !field.is_empty()).count() < 3 {
        return None;
    }
    let (time, rest) = rest.split_once("] \"")?;
    if time.is_empty() {
        return None;
    }
    let (request, rest) = split_at_quote(rest)?;
    let mut fields = rest.split_ascii_whitespace();
    let status = fields.next()?;
    let size = fields.next()?;
    let is_number =
        |field: &str| !field.is_empty() && field.bytes().all(|byte| byte.is_ascii_digit());
    let plausible = status.len() == 3 && is_number(status) && (is_number(size) || size == "-");
    plausible.then(|| (request, bytes(size)))
}

/// The text before the quote that ends a quoted field, and what follows it. A backslash keeps a quote from ending it.
fn split_at_quote(text: &str) -> Option<(&str, &str)> {
    let mut escaped = false;
    let end = text.bytes().position(|byte| {
        let ends = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        ends
    })?;
    let (field, rest) = text.split_at_checked(end)?;
    Some((field, rest.strip_prefix('"')?))
}

fn bytes(size: &str) -> u64 {
    match size {
        "-" => 0,
        // Too many digits for a number are at least the largest one.
        _ => size.parse().unwrap_or(u64::MAX),
    }
}

/// The method and the path, without its query, of `METHOD target VERSION`, where the target is a path or, in a proxy's log, a
/// whole address. None when the client sent no proper request: servers log `"-"` for a connection that timed out, and the raw
/// bytes of a TLS handshake sent to a plain port.
pub(super) fn target(request: &str) -> Option<(&str, &str)> {
    let mut words = request.split(' ');
    let method = words.next()?;
    let target = words.next()?;
    if method.is_empty() || !method.bytes().all(|byte| byte.is_ascii_uppercase()) {
        return None;
    }
    let target = target.split(['?', '#']).next()?;
    let path = match target.split_once("://") {
        Some((_, address)) => address
            .find('/')
            .map_or("/", |start| address.get(start..).unwrap_or("/")),
        None => target,
    };
    (!path.is_empty()).then_some((method, path))
}
