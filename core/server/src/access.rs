//! Who may talk to the server.
//!
//! On a loopback address anybody on this machine may, but only as themselves: the Host header must
//! name this machine (else a foreign page could reach us by rebinding its own name), and a page's
//! Origin must be ours (else a foreign page could open our WebSocket). On other addresses a token is
//! asked for: once in the address (`?token=`), then in a cookie; programs send it as a bearer token.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header::{AUTHORIZATION, COOKIE, HOST, LOCATION, ORIGIN, SET_COOKIE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

/// The rules of one server.
#[derive(Clone, Debug, Default)]
pub struct Access {
    /// What a visitor must know; none where everybody on this machine may visit.
    pub token: Option<String>,
    /// The person said that everybody who reaches this machine may visit.
    pub any_host: bool,
}

const COOKIE_NAME: &str = "sluice_token";

/// Lets a request pass or says why not.
pub(crate) async fn check(
    State(access): State<Arc<Access>>,
    request: Request,
    next: Next,
) -> Response {
    let refuse = |why: &'static str| (StatusCode::FORBIDDEN, why).into_response();
    let host = header(request.headers(), &HOST);
    if let Some(origin) = header(request.headers(), &ORIGIN)
        && origin.split_once("://").map(|(_, from)| from) != host
    {
        return refuse("A page of another site must not talk to sluice.\n");
    }
    let Some(token) = &access.token else {
        return if access.any_host || host.is_some_and(names_this_machine) {
            next.run(request).await
        } else {
            refuse(
                "Sluice listens to this machine only; use http://127.0.0.1 or http://localhost.\n",
            )
        };
    };
    let known = cookie(request.headers()).or_else(|| bearer(request.headers()));
    if known.is_some_and(|known| same(known, token)) {
        return next.run(request).await;
    }
    let query = request.uri().query().unwrap_or_default();
    let given = query.split('&').find_map(|pair| pair.strip_prefix("token="));
    if given.is_some_and(|given| same(given, token)) {
        return enter(token);
    }
    let why = "Sluice wants its token: open the address that it printed when it started.\n";
    (StatusCode::UNAUTHORIZED, why).into_response()
}

/// Keeps the token in a cookie and leads to the page, so that it does not stay in the address.
fn enter(token: &str) -> Response {
    let cookie = format!("{COOKIE_NAME}={token}; HttpOnly; SameSite=Strict; Path=/");
    let mut response = StatusCode::SEE_OTHER.into_response();
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        response.headers_mut().insert(SET_COOKIE, cookie);
    }
    response.headers_mut().insert(LOCATION, HeaderValue::from_static("/"));
    response
}

fn header<'a>(headers: &'a HeaderMap, name: &axum::http::HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

fn cookie(headers: &HeaderMap) -> Option<&str> {
    let all = header(headers, &COOKIE)?;
    all.split(';').find_map(|pair| pair.trim().strip_prefix(COOKIE_NAME)?.strip_prefix('='))
}

/// For programs, such as Prometheus.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    header(headers, &AUTHORIZATION)?.strip_prefix("Bearer ")
}

fn names_this_machine(host: &str) -> bool {
    let name = host.rsplit_once(':').map_or(host, |(name, port)| {
        if port.bytes().all(|b| b.is_ascii_digit()) { name } else { host }
    });
    let address = name.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    name == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

/// Compares hashes, so that the time taken tells nothing about the token.
fn same(given: &str, token: &str) -> bool {
    blake3::hash(given.as_bytes()) == blake3::hash(token.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_this_machine_pass() {
        for host in
            ["localhost", "localhost:8077", "127.0.0.1:1", "127.0.0.2:80", "[::1]:8077", "[::1]"]
        {
            assert!(names_this_machine(host), "{host}");
        }
        for host in ["evil.example", "127.0.0.1.evil.example:80", "localhost.evil:8077", ""] {
            assert!(!names_this_machine(host), "{host}");
        }
    }

    #[test]
    fn a_cookie_is_found_among_others() {
        let mut headers = HeaderMap::new();
        headers.insert(COOKIE, HeaderValue::from_static("a=b; sluice_token=x1; c=d"));
        assert_eq!(cookie(&headers), Some("x1"));
    }
}
