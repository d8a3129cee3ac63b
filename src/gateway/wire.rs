//! Frames and numbers as the TWS protocol writes them.
//!
//! A frame is a length (u32, big-endian) and that many bytes: a message id (u32, big-endian; above 200 for a
//! protobuf message) and the message.

use prost::Message;
use rust_decimal::Decimal;

/// Added to the id of a message that is protobuf.
pub(super) const PROTOBUF_ID: u32 = 200;
/// The longest frame either side may send.
pub(super) const FRAME_BYTES_MAX: usize = 0x00FF_FFFF;
/// The longest request a client may send, its length aside. Real ones have some hundred bytes.
pub(super) const REQUEST_BYTES_MAX: usize = 1024 * 1024;
/// The longest version line a client may send.
const VERSIONS_BYTES_MAX: usize = 1_024;
/// What a client sends first.
const GREETING: &[u8] = b"API\0";

/// Why a client's bytes could not be read; its connection is closed.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Malformed {
    #[error("the connection does not begin with the greeting of the TWS protocol")]
    Greeting,
    #[error("the version line is not v<min>..<max>")]
    Versions,
    #[error("a frame of {bytes} bytes, not between 4 and {FRAME_BYTES_MAX}")]
    Length { bytes: usize },
    #[error("a request of {bytes} bytes; the simulated gateway reads requests up to {REQUEST_BYTES_MAX}")]
    Request { bytes: usize },
    #[error("message {id} is not what its id says")]
    Message { id: u32 },
    #[error("the first message is not startApi")]
    NotStarted,
}

/// The lowest and highest protocol version a client offers, and how many bytes said so; none until all of them
/// are there.
pub(super) fn greeting(bytes: &[u8]) -> Result<Option<(i32, i32, usize)>, Malformed> {
    let known = bytes.len().min(GREETING.len());
    if bytes[..known] != GREETING[..known] {
        return Err(Malformed::Greeting);
    }
    let Some(length) = bytes.get(4..8) else { return Ok(None) };
    let length = number(length);
    if length > VERSIONS_BYTES_MAX {
        return Err(Malformed::Versions);
    }
    let Some(line) = bytes.get(8..8 + length) else { return Ok(None) };
    let (min, max) = versions(line).ok_or(Malformed::Versions)?;
    Ok(Some((min, max, 8 + length)))
}

fn versions(line: &[u8]) -> Option<(i32, i32)> {
    let line = std::str::from_utf8(line).ok()?.strip_prefix('v')?;
    let range = line.split([' ', '\0']).next()?;
    match range.split_once("..") {
        Some((min, max)) => Some((min.parse().ok()?, max.parse().ok()?)),
        None => range.parse().ok().map(|only| (only, only)),
    }
}

/// One frame of a client.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Frame<'a> {
    /// The message id, with [`PROTOBUF_ID`] added where the message is protobuf.
    pub(super) id: u32,
    pub(super) message: &'a [u8],
    /// The bytes of the whole frame, its length and id among them.
    pub(super) bytes: usize,
}

/// The first frame of `bytes`; none until it is all there.
pub(super) fn frame(bytes: &[u8]) -> Result<Option<Frame<'_>>, Malformed> {
    let Some(length) = bytes.get(..4) else { return Ok(None) };
    let length = number(length);
    if !(4..=FRAME_BYTES_MAX).contains(&length) {
        return Err(Malformed::Length { bytes: length });
    }
    // Refused before its bytes arrive: no memory is spent on what is not going to be read.
    if length > REQUEST_BYTES_MAX {
        return Err(Malformed::Request { bytes: length });
    }
    let Some(body) = bytes.get(4..4 + length) else { return Ok(None) };
    let (id, message) = body.split_at(4);
    Ok(Some(Frame { id: number(id) as u32, message, bytes: 4 + length }))
}

fn number(bytes: &[u8]) -> usize {
    bytes.iter().fold(0, |number, byte| (number << 8) | usize::from(*byte))
}

/// Appends a protobuf message as a frame.
pub(super) fn push(out: &mut Vec<u8>, id: u32, message: &impl Message) {
    let start = out.len();
    out.extend_from_slice(&[0; 4]);
    out.extend_from_slice(&(PROTOBUF_ID + id).to_be_bytes());
    message.encode_raw(out);
    let length = u32::try_from(out.len() - start - 4).unwrap_or(u32::MAX);
    out[start..start + 4].copy_from_slice(&length.to_be_bytes());
}

/// Appends one more of a repeated message to a frame that begins at `start` and ends with `out`.
pub(super) fn push_part(out: &mut Vec<u8>, start: usize, tag: u32, message: &impl Message) {
    prost::encoding::message::encode(tag, message, out);
    let length = u32::try_from(out.len() - start - 4).unwrap_or(u32::MAX);
    out[start..start + 4].copy_from_slice(&length.to_be_bytes());
}

/// Appends the answer to a greeting, the one frame that is text.
pub(super) fn push_welcome(out: &mut Vec<u8>, version: i32, time: &str) {
    let text = format!("{version}\0{time}\0");
    out.extend_from_slice(&u32::try_from(text.len()).unwrap_or(0).to_be_bytes());
    out.extend_from_slice(text.as_bytes());
}

/// Reads a message; the id names it in the error.
pub(super) fn read<M: Message + Default>(id: u32, message: &[u8]) -> Result<M, Malformed> {
    M::decode(message).map_err(|_| Malformed::Message { id })
}

/// The double nearest to a decimal, the one whose shortest spelling is the decimal's.
pub(super) fn double(value: Decimal) -> f64 {
    /// Whole numbers up to here, and powers of ten up to 10^22, are exact as doubles, so that their quotient
    /// is the nearest double.
    const EXACT_MAX: i128 = 1 << 53;
    let (mantissa, scale) = (value.mantissa(), value.scale());
    if mantissa.abs() <= EXACT_MAX && scale <= 22 {
        return mantissa as f64 / 10f64.powi(scale as i32);
    }
    value.to_string().parse().unwrap_or(f64::NAN)
}

/// Whether a client has set a number: it writes what is not set as zero, or as the largest double there is.
pub(super) fn is_set(value: f64) -> bool {
    value != 0.0 && value.to_bits() != f64::MAX.to_bits()
}

/// The decimal that a double spells; none for what is no number, and for the protocol's "not set".
pub(super) fn decimal(value: f64) -> Option<Decimal> {
    if !value.is_finite() || value.abs() >= 1e15 {
        return None;
    }
    Decimal::from_str_exact(&value.to_string()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_greeting_is_read_when_all_of_it_is_there() {
        let whole = b"API\0\0\0\0\x09v213..226rest";
        assert_eq!(greeting(whole), Ok(Some((213, 226, 17))));
        for cut in 0..17 {
            assert_eq!(greeting(&whole[..cut]), Ok(None));
        }
        assert_eq!(greeting(b"GET / HTTP/1.1"), Err(Malformed::Greeting));
        assert_eq!(greeting(b"API\0\xff\0\0\0"), Err(Malformed::Versions));
        assert_eq!(greeting(b"API\0\0\0\0\x01v"), Err(Malformed::Versions));
    }

    #[test]
    fn a_frame_that_is_too_long_or_too_short_is_refused_before_it_is_read() {
        assert_eq!(frame(&[1, 0, 0, 0]), Err(Malformed::Length { bytes: 1 << 24 }));
        assert_eq!(frame(&[0, 0, 0, 3]), Err(Malformed::Length { bytes: 3 }));
        assert_eq!(frame(&[0, 0x10, 0, 1]), Err(Malformed::Request { bytes: REQUEST_BYTES_MAX + 1 }));
        assert_eq!(frame(&[0, 0x10, 0, 0]), Ok(None));
        assert_eq!(
            frame(&[0, 0, 0, 5, 0, 0, 0, 201, 7, 9]),
            Ok(Some(Frame { id: 201, message: &[7], bytes: 9 }))
        );
    }

    #[test]
    fn prices_cross_the_wire_without_losing_a_cent() {
        for text in
            ["167.65", "0.01", "93.76", "645.50", "0.1", "123456789.99", "167.6500000000000000000000001"]
        {
            let price = Decimal::from_str_exact(text).expect("a decimal");
            assert_eq!(
                double(price).to_string(),
                text.trim_end_matches('0').parse::<f64>().expect("f64").to_string()
            );
        }
        assert_eq!(decimal(167.65), Decimal::from_str_exact("167.65").ok());
        assert_eq!((decimal(f64::NAN), decimal(f64::MAX)), (None, None));
    }
}
