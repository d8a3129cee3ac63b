//! The webhook's URL: a secret. Whoever has it can write into the channel.

use std::net::IpAddr;

use reqwest::Url;

/// The one place the URL is read from.
pub const ENVIRONMENT: &str = "PRUSIK_DISCORD_WEBHOOK";

/// Why a text is no webhook. None of the sentences shows any of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WebhookRefused {
    /// Bytes that are no text.
    #[error("{ENVIRONMENT} is not valid UTF-8")]
    NotText,
    /// Not a URL at all.
    #[error("{ENVIRONMENT} is not a URL; it looks like https://discord.com/api/webhooks/<id>/<token>")]
    NotAUrl,
    /// Anything but https, where a plain connection would give the secret away.
    #[error("{ENVIRONMENT} must start with https:// (http:// is for a server on this machine only)")]
    NotHttps,
    /// A URL that is none of Discord's webhooks.
    #[error(
        "{ENVIRONMENT} is not a Discord webhook; it looks like https://discord.com/api/webhooks/<id>/<token>"
    )]
    NotDiscord,
}

/// The URL of a Discord webhook.
///
/// Invariant: nothing shows it. No `Debug`, no `Display`, no `Serialize`; only the delivery takes it apart.
///
/// ```compile_fail,E0277
/// fn shown<T: std::fmt::Debug>() {}
/// shown::<prusik::notify::WebhookUrl>();
/// ```
#[derive(Clone)]
pub struct WebhookUrl(Url);

impl WebhookUrl {
    /// A URL from outside: https at Discord, or http(s) to this machine. Refuses everything else.
    pub fn parse(text: &str) -> Result<WebhookUrl, WebhookRefused> {
        let url = Url::parse(text.trim()).map_err(|_| WebhookRefused::NotAUrl)?;
        let host = url.host_str().ok_or(WebhookRefused::NotAUrl)?;
        match url.scheme() {
            "http" | "https" if is_loopback(host) => Ok(WebhookUrl(url)),
            "https" if is_discord(host) && is_webhook(&url) => Ok(WebhookUrl(url)),
            "https" => Err(WebhookRefused::NotDiscord),
            _ => Err(WebhookRefused::NotHttps),
        }
    }

    /// The URL in the environment; `None` where the variable is absent or empty.
    pub fn from_environment() -> Result<Option<WebhookUrl>, WebhookRefused> {
        let Some(text) = std::env::var_os(ENVIRONMENT) else { return Ok(None) };
        let text = text.to_str().ok_or(WebhookRefused::NotText)?;
        if text.trim().is_empty() { Ok(None) } else { WebhookUrl::parse(text).map(Some) }
    }

    /// Only for the request itself.
    pub(super) fn expose(&self) -> &Url {
        &self.0
    }

    /// A server on this machine is never behind a proxy.
    pub(super) fn is_local(&self) -> bool {
        self.0.host_str().is_some_and(is_loopback)
    }
}

fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || address.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

fn is_discord(host: &str) -> bool {
    ["discord.com", "discordapp.com"]
        .iter()
        .any(|ours| host.strip_suffix(ours).is_some_and(|sub| sub.is_empty() || sub.ends_with('.')))
}

/// `/api/webhooks/<digits>/<token>`, or with a version: `/api/v10/webhooks/…`; no name or password before the host,
/// the usual port.
fn is_webhook(url: &Url) -> bool {
    let path: Vec<&str> = url.path().trim_end_matches('/').split('/').skip(1).collect();
    let (id, token) = match path[..] {
        ["api", "webhooks", id, token] => (id, token),
        ["api", version, "webhooks", id, token] if version.starts_with('v') => (id, token),
        _ => return false,
    };
    let numbered = !id.is_empty() && id.bytes().all(|b| b.is_ascii_digit());
    numbered
        && !token.is_empty()
        && url.username().is_empty()
        && url.password().is_none()
        && url.port().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_discord_webhook_and_a_server_on_this_machine_are_accepted() {
        for good in [
            "https://discord.com/api/webhooks/123/abc-DEF_9",
            " https://discord.com/api/webhooks/123/abc\n",
            "https://discord.com/api/v10/webhooks/123/abc?thread_id=7",
            "https://canary.discord.com/api/webhooks/123/abc",
            "https://discordapp.com/api/webhooks/123/abc/",
            "http://127.0.0.1:8080/anything",
            "http://localhost/hook",
            "http://[::1]:9/hook",
        ] {
            assert!(WebhookUrl::parse(good).is_ok(), "{good}");
        }
    }

    #[test]
    fn everything_else_is_refused_without_being_shown() {
        use WebhookRefused as R;
        for (bad, why) in [
            ("canary", R::NotAUrl),
            ("unix:/canary", R::NotAUrl),
            ("http://discord.com/api/webhooks/1/canary", R::NotHttps),
            ("ftp://discord.com/api/webhooks/1/canary", R::NotHttps),
            ("http://128.0.0.1/canary", R::NotHttps),
            ("http://localhost.evil.example/canary", R::NotHttps),
            ("https://example.com/api/webhooks/1/canary", R::NotDiscord),
            ("https://evildiscord.com/api/webhooks/1/canary", R::NotDiscord),
            ("https://discord.com.evil.example/api/webhooks/1/canary", R::NotDiscord),
            ("https://discord.com/channels/1/canary", R::NotDiscord),
            ("https://discord.com/api/webhooks/canary/1", R::NotDiscord),
            ("https://user:canary@discord.com/api/webhooks/1/token", R::NotDiscord),
        ] {
            let refused = WebhookUrl::parse(bad).err().expect(bad);
            assert_eq!(refused, why, "{bad}");
            assert!(!format!("{refused} {refused:?}").contains("canary"), "{bad} is shown");
        }
    }
}
