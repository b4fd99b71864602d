//! What a watcher reads of a frame: enough to know which fix it shows, and no more, since thousands of
//! watchers share one thread.

use serde_json::Value;

/// When the position that a `location_update` shows was measured, in Unix seconds; `None` for any other frame.
pub fn shown_at(text: &str) -> Option<i64> {
    let at = text.find("\"location_update\"").and_then(|at| text.get(at..))?;
    // The first time in the frame is the position's: no other field is named so.
    let (_, after) = at.split_once("\"timestamp\"")?;
    let number = after.trim_start_matches([':', ' ']);
    let end = number.find(|c: char| !c.is_ascii_digit()).unwrap_or(number.len());
    number.get(..end)?.parse().ok()
}

/// How many positions a `location_update` draws: those of its trail, or the one it shows.
pub fn positions(text: &str) -> usize {
    let frame: Value = serde_json::from_str(text).unwrap_or_default();
    let trail = frame["data"]["trail"].as_str().and_then(|trail| polyline::decode_polyline(trail, 5).ok());
    trail.map_or(1, |line| line.0.len().max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_is_known_by_its_time() {
        let frame = r#"{"type":"location_update","data":{"order_id":"1","current_location":{"lat":5.6,"timestamp":1704067850,"speed":1}}}"#;
        assert_eq!(shown_at(frame), Some(1_704_067_850));
        let spaced = r#"{"data": {"timestamp": 1}, "type": "location_update", "x": {"timestamp": 7}}"#;
        assert_eq!(shown_at(spaced), Some(7));
        let none = r#"{"type":"location_update","data":{"current_location":null}}"#;
        assert_eq!(shown_at(none), None);
        assert_eq!(shown_at(r#"{"type":"initial_state","data":{"timestamp":1}}"#), None);
    }

    #[test]
    fn a_frame_without_a_trail_draws_one_position() {
        assert_eq!(positions(r#"{"type":"location_update","data":{"seq":1}}"#), 1);
        let trail = r#"{"type":"location_update","data":{"trail":"_p~iF~ps|U_ulLnnqC_mqNvxq`@"}}"#;
        assert_eq!(positions(trail), 3);
    }
}
