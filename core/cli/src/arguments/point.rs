//! A point of a session's history, as a person names it.

use std::str::FromStr;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{Span, SpanRelativeTo, Timestamp};

const WANTED: &str = "name a record by its number, a time like 2026-11-26T14:00 (here) or \
                      2026-11-26T13:00:00Z, or the time since the beginning like +10m or +1h30m";

/// Where in a session's history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Point {
    /// At the record of this number.
    Seq(u64),
    /// At a time, µs since 1970.
    Time { time_us: u64 },
    /// So long after the first record, µs.
    After { duration_us: u64 },
}

impl FromStr for Point {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let point = match text.strip_prefix('+') {
            Some(duration) => after(duration),
            None => text.parse().ok().map(Self::Seq).or_else(|| at(text)),
        };
        point.ok_or_else(|| WANTED.to_owned())
    }
}

/// A day has 24 hours here.
fn after(text: &str) -> Option<Point> {
    let span: Span = text.parse().ok()?;
    let duration = span.to_duration(SpanRelativeTo::days_are_24_hours()).ok()?;
    let duration_us = u64::try_from(duration.as_micros()).ok()?;
    Some(Point::After { duration_us })
}

fn at(text: &str) -> Option<Point> {
    let time = text.parse::<Timestamp>().ok().or_else(|| here(text))?;
    let time_us = u64::try_from(time.as_microsecond()).ok()?;
    Some(Point::Time { time_us })
}

/// A time without an offset is of this machine's time zone.
fn here(text: &str) -> Option<Timestamp> {
    // The name of a zone would be read over.
    if text.contains('[') {
        return None;
    }
    let time: DateTime = text.parse().ok()?;
    TimeZone::system().to_timestamp(time).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Option<Point> {
        text.parse().ok()
    }

    #[test]
    fn a_number_a_time_and_a_time_since_the_beginning() {
        assert_eq!(parsed("12"), Some(Point::Seq(12)));
        let second = Some(Point::Time { time_us: 1_000_000 });
        assert_eq!(parsed("1970-01-01T00:00:01Z"), second);
        assert_eq!(parsed("1970-01-01T01:00:01+01:00"), second);
        let minutes = |minutes: u64| Some(Point::After { duration_us: minutes * 60_000_000 });
        assert_eq!(parsed("+10m"), minutes(10));
        assert_eq!(parsed("+1h30m"), minutes(90));
        assert_eq!(parsed("+2d"), minutes(2 * 24 * 60));
        assert_eq!(parsed("+0s"), minutes(0));
    }

    #[test]
    fn a_time_without_an_offset_is_here() {
        let here = TimeZone::system().to_timestamp(DateTime::constant(2026, 11, 26, 14, 0, 0, 0));
        let here = here.ok().and_then(|time| u64::try_from(time.as_microsecond()).ok());
        assert_eq!(parsed("2026-11-26T14:00"), here.map(|time_us| Point::Time { time_us }));
    }

    #[test]
    fn what_is_none_of_them_is_refused() {
        let zoned = "2026-11-26T14:00[Europe/Berlin]";
        for text in ["", "+", "+10", "+-10m", "-10m", "soon", "1.5", "1960-01-01T00:00:00Z", zoned]
        {
            assert_eq!(parsed(text), None, "{text}");
        }
    }
}
