"""placeholder"""
def render(licence, output):
    return b"%PDF-1.4", "application/pdf"
