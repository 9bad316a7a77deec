using System.Globalization;
using System.Net;
using System.Text.Json;
using Agent.Outside;

namespace Agent.Kubernetes;

/// <summary>A meta/v1 Status: how the API server says no, as a body or as an ERROR event within a watch.</summary>
/// <param name="Code">As an HTTP status code; 0 when it does not say.</param>
/// <param name="Message">For a person; empty when absent.</param>
/// <param name="RetryAfterSeconds">details.retryAfterSeconds.</param>
internal readonly record struct ApiServerStatus(int Code, string Message, int? RetryAfterSeconds)
{
    private const int MaxMessageCharacters = 300;

    public static ApiServerStatus Parse(JsonElement status) =>
        new(status.Number("code") ?? 0, OneLine(status.Text("message")), status.Child("details").Number("retryAfterSeconds"));

    /// <summary>The body of an error; a proxy in between may send anything.</summary>
    public static ApiServerStatus Parse(HttpStatusCode code, ReadOnlyMemory<byte> body)
    {
        try
        {
            using var document = OutsideJson.Parse(body);
            return Parse(document.RootElement) with { Code = (int)code };
        }
        catch (JsonException)
        {
            return new((int)code, "", null);
        }
    }

    /// <param name="what">What was asked for, as the subject of the message.</param>
    /// <param name="retryAfter">The header Retry-After, which goes before the body's.</param>
    public ApiServerException ToException(string what, TimeSpan? retryAfter)
    {
        var (failure, remedy) = Code switch
        {
            401 => (ApiServerFailure.Unauthorized, "; is the service account still there?"),
            403 => (ApiServerFailure.Forbidden, "; a ClusterRole has to allow its service account to list and watch pods"),
            404 => (ApiServerFailure.NotFound, ""),
            410 => (ApiServerFailure.Expired, ""),
            429 or 503 => (ApiServerFailure.Busy, ""),
            _ => (ApiServerFailure.ServerError, ""),
        };
        var said = Message.Length > 0 ? $": {Message}" : "";
        return new ApiServerException(
            failure, string.Create(CultureInfo.InvariantCulture, $"the API server answered {Code} to {what}{said}{remedy}"))
        {
            RetryAfter = retryAfter ?? (RetryAfterSeconds is { } seconds and > 0 ? TimeSpan.FromSeconds(seconds) : null),
        };
    }

    private static string OneLine(string? text)
    {
        if (text is null)
        {
            return "";
        }

        var cut = text.Length > MaxMessageCharacters ? text[..MaxMessageCharacters] : text;
        return string.Create(cut.Length, cut, static (line, source) =>
        {
            for (var i = 0; i < line.Length; i++)
            {
                line[i] = char.IsControl(source[i]) ? ' ' : source[i];
            }
        });
    }
}
