using System.Globalization;
using Agent.Core.Reporting;
using Microsoft.AspNetCore.Http.Extensions;

namespace Agent.Reporting;

/// <summary>The options of <c>closewatch report</c> as the query of a URL.</summary>
/// <param name="Format">output</param>
/// <param name="Options">namespace, pod, top, connections, quiet, details, caller</param>
/// <param name="Style">width, color, unicode</param>
internal sealed record ReportQuery(ReportFormat Format, ReportOptions Options, TextStyle Style)
{
    private const int MaxWidth = 1000;

    /// <summary>Reads a query; null when something in it is not understood.</summary>
    public static ReportQuery? Parse(IQueryCollection query, ReportFormat format, out string problem)
    {
        problem = "";
        var (options, style) = (new ReportOptions(), new TextStyle());
        foreach (var (name, values) in query)
        {
            var value = values.ToString();
            switch (name)
            {
                case "output" when Enum.TryParse(value, ignoreCase: true, out format) && Enum.IsDefined(format):
                    break;
                case "namespace":
                    options = options with { Namespace = value };
                    break;
                case "pod":
                    options = options with { Pod = value };
                    break;
                case "top" when TryCount(value, out var top):
                    options = options with { Top = top };
                    break;
                case "connections" when TryCount(value, out var connections):
                    options = options with { Connections = connections };
                    break;
                case "quiet" when bool.TryParse(value, out var quiet):
                    options = options with { Quiet = quiet };
                    break;
                case "details" when bool.TryParse(value, out var details):
                    options = options with { Details = details };
                    break;
                case "caller" when Enum.TryParse<Caller>(value, ignoreCase: true, out var caller) && Enum.IsDefined(caller):
                    options = options with { Caller = caller };
                    break;
                case "width" when TryCount(value, out var width) && width <= MaxWidth:
                    style = style with { Width = width };
                    break;
                case "color" when bool.TryParse(value, out var color):
                    style = style with { Color = color };
                    break;
                case "unicode" when bool.TryParse(value, out var unicode):
                    style = style with { Unicode = unicode };
                    break;
                default:
                    problem =
                        $"'{name}={value}' is not understood; there are output=text|json|markdown|html, namespace, pod, top, "
                        + "connections, quiet=true, details=true, and for text width, color=true, unicode=false";
                    return null;
            }
        }

        return new(format, options, style);
    }

    /// <summary>The query that <see cref="Parse"/> reads as this, with its question mark.</summary>
    public string ToQueryString()
    {
        var query = new QueryBuilder { { "output", Format.ToString().ToLowerInvariant() } };
        Add("namespace", Options.Namespace);
        Add("pod", Options.Pod);
        Add("top", Options.Top?.ToString(CultureInfo.InvariantCulture));
        Add("connections", Options.Connections.ToString(CultureInfo.InvariantCulture));
        Add("quiet", Options.Quiet ? "true" : "false");
        Add("details", Options.Details ? "true" : "false");
        Add("caller", Options.Caller.ToString().ToLowerInvariant());
        Add("width", Style.Width.ToString(CultureInfo.InvariantCulture));
        Add("color", Style.Color ? "true" : "false");
        Add("unicode", Style.Unicode ? "true" : "false");
        return query.ToString();

        void Add(string name, string? value)
        {
            if (value is not null)
            {
                query.Add(name, value);
            }
        }
    }

    private static bool TryCount(string text, out int count) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out count);
}
