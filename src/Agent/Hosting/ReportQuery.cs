using System.Globalization;
using Agent.Core.Reporting;

namespace Agent.Hosting;

/// <summary>The options of <c>closewatch report</c> as a query.</summary>
/// <param name="Form">output</param>
/// <param name="Options">namespace, pod, top, connections, quiet</param>
internal sealed record ReportQuery(ReportForm Form, ReportOptions Options)
{
    /// <summary>Reads a query; null when something in it is not understood.</summary>
    public static ReportQuery? Parse(IQueryCollection query, ReportForm form, out string problem)
    {
        problem = "";
        var options = new ReportOptions();
        foreach (var (name, values) in query)
        {
            var value = values.ToString();
            switch (name)
            {
                case "output" when Enum.TryParse(value, ignoreCase: true, out form) && Enum.IsDefined(form):
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
                default:
                    problem = $"'{name}={value}' is not understood; there are output=text|json|markdown|html, namespace, pod, top, connections, quiet=true";
                    return null;
            }
        }

        return new(form, options);
    }

    private static bool TryCount(string text, out int count) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out count);
}
