from adain_nodes.evaluation.markdown import markdown_table


def test_a_table_reads_well_in_plain_text_too():
    assert markdown_table(("method", "SSIM"), [("copy", "1.000"), ("lite model", "–")]) == (
        "| method     |  SSIM |\n"  #
        "| ---------- | ----: |\n"
        "| copy       | 1.000 |\n"
        "| lite model |     – |"
    )
