// A window for show_image, in builds with OPENCV=1.
#include <opencv2/core.hpp>
#include <opencv2/highgui.hpp>

extern "C" {
#include "image/window.h"
}

int dn_window_show(const unsigned char *rgb, int w, int h, const char *name, int ms)
{
    try {
        cv::Mat bgr(h, w, CV_8UC3);
        for (int y = 0; y < h; y++)
            for (int x = 0; x < w; x++, rgb += 3)
                bgr.at<cv::Vec3b>(y, x) = cv::Vec3b(rgb[2], rgb[1], rgb[0]);
        cv::namedWindow(name, cv::WINDOW_NORMAL);
        cv::imshow(name, bgr);
        return cv::waitKey(ms);
    } catch (...) {
        return -2;
    }
}
